using QuantConnect;
using QuantConnect.Data;
using QuantConnect.Interfaces;
using QuantConnect.Securities;
using QuantConnect.Statistics;

namespace Leanopt.Harness;

/// <summary>LEAN's statistics of the whole period, from LEAN's own functions, without rolling windows.</summary>
/// <remarks>
/// The windows of 1, 3, 6 and 12 months take half the time of five years, and no answer has them. The
/// functions are private in LEAN's `StatisticsBuilder`: if they differ, LEAN's slower way is used.
/// </remarks>
internal static class Summary
{
    private static readonly Period? Whole = Insides.Statistic<Period>("GetAlgorithmPerformance");
    private static readonly Texts? Worded = Insides.Statistic<Texts>("GetSummary");

    private delegate AlgorithmPerformance Period(
        DateTime from,
        DateTime to,
        List<Trade> trades,
        SortedDictionary<DateTime, decimal> profitLoss,
        SortedDictionary<DateTime, decimal> equity,
        List<ISeriesPoint> performance,
        List<ISeriesPoint> benchmark,
        List<ISeriesPoint> turnover,
        decimal startingCapital,
        SecurityTransactionManager transactions,
        IRiskFreeInterestRateModel riskFree,
        int tradingDays);

    private delegate Dictionary<string, string> Texts(
        AlgorithmPerformance performance, CapacityEstimate? capacity, decimal fees, int orders, string currency);

    /// <summary>Return the estimate of the strategy's capacity, null if there is none.</summary>
    public static CapacityEstimate? Capacity(Results results) => Insides.Capacity?.GetValue(results) as CapacityEstimate;

    /// <summary>Return the statistics, null if LEAN's own way must be used.</summary>
    public static StatisticsResults? Of(Results results, IAlgorithm algorithm, bool rolling)
    {
        var measured = results.Measure();
        if (rolling || Whole is null || Worded is null || Insides.Capacity is null
            || Insides.Custom?.GetValue(results) is not IDictionary<string, string> custom
            || measured is not { Equity.Count: > 0, Returns: { } returns, Benchmark: { } benchmark })
        {
            return null;
        }
        var equity = new SortedDictionary<DateTime, decimal>();
        foreach (var point in measured.Equity)
        {
            equity[point.Time] = point is ChartPoint line ? line.y!.Value : ((Candlestick)point).Close!.Value;
        }
        var whole = Whole(
            equity.First().Key.Date,
            equity.Last().Key.Date,
            algorithm.TradeBuilder.ClosedTrades,
            new SortedDictionary<DateTime, decimal>(algorithm.Transactions.TransactionRecord),
            equity,
            returns,
            benchmark,
            measured.Turnover,
            measured.StartingCapital,
            algorithm.Transactions,
            algorithm.RiskFreeInterestRateModel,
            algorithm.Settings.TradingDaysPerYear!.Value);
        var texts = Worded(whole, Capacity(results), algorithm.Portfolio.TotalFees, measured.Orders, measured.Currency);
        foreach (var (name, value) in custom)
        {
            texts.TryAdd(name, value);
        }
        return new StatisticsResults(whole, [], texts);
    }
}
