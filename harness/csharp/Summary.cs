using System.Reflection;
using QuantConnect;
using QuantConnect.Data;
using QuantConnect.Interfaces;
using QuantConnect.Lean.Engine.Results;
using QuantConnect.Securities;
using QuantConnect.Statistics;

namespace Leanopt.Harness;

/// <summary>LEAN's statistics of the whole period, by LEAN's own pieces, without its rolling windows.</summary>
/// <remarks>
/// The windows of 1, 3, 6 and 12 months take half the time of five years, and no answer has them. The
/// pieces are private to LEAN's `StatisticsBuilder`: where they differ, LEAN's way is taken.
/// </remarks>
internal static class Summary
{
    private const BindingFlags Hidden = BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance;

    private static readonly FieldInfo? CapacityField = typeof(BacktestingResultHandler).GetField("_capacityEstimate", Hidden);
    private static readonly FieldInfo? CustomField = typeof(BaseResultsHandler).GetField("_customSummaryStatistics", Hidden);
    private static readonly Period? Whole = Piece<Period>("GetAlgorithmPerformance");
    private static readonly Texts? Worded = Piece<Texts>("GetSummary");

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

    /// <summary>Return the estimate of the strategy's capacity, null where there is none.</summary>
    public static CapacityEstimate? Capacity(Results results) => CapacityField?.GetValue(results) as CapacityEstimate;

    /// <summary>Return the statistics, null where LEAN's way must be taken.</summary>
    public static StatisticsResults? Of(Results results, IAlgorithm algorithm, bool rolling)
    {
        var measured = results.Measure();
        if (rolling || Whole is null || Worded is null || CapacityField is null
            || CustomField?.GetValue(results) is not IDictionary<string, string> custom
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

    private static T? Piece<T>(string name)
        where T : Delegate
    {
        var method = typeof(StatisticsBuilder).GetMethod(name, Hidden);
        return method is null ? null : Delegate.CreateDelegate(typeof(T), method, throwOnBindFailure: false) as T;
    }
}
