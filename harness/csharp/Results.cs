using System.Diagnostics.CodeAnalysis;
using QuantConnect;
using QuantConnect.Lean.Engine.Results;
using QuantConnect.Logging;
using QuantConnect.Packets;
using QuantConnect.Statistics;

namespace Leanopt.Harness;

/// <summary>LEAN's results, without parts for screens or documents.</summary>
/// <remarks>If the document is requested, LEAN's own code makes all of it.</remarks>
internal sealed class Results : BacktestingResultHandler
{
    private readonly bool _rolling;

    public Results(bool document, bool rolling)
    {
        IsDocument = document;
        _rolling = rolling;
        Insides.Analysis?.SetValue(this, document);
    }

    public bool IsDocument { get; }

    /// <summary>The value in LEAN's document under `statistics`, null if the backtest did not get that far.</summary>
    public IDictionary<string, string>? Statistics { get; private set; }

    public IDictionary<string, string>? Runtime { get; private set; }

    public AlgorithmPerformance? Performance { get; private set; }

    /// <summary>The value in LEAN's document under `state`.</summary>
    public IReadOnlyDictionary<string, string> Final { get; private set; } = new Dictionary<string, string>();

    public int Orders => TransactionHandler?.Orders.Count ?? 0;

    /// <summary>LEAN's OrderListHash, empty if there was no algorithm.</summary>
    public string OrderHash =>
        Algorithm is null ? "" : new Dictionary<int, QuantConnect.Orders.Order>(TransactionHandler.Orders).GetHash();

    /// <summary>Return the tag of the order that closed a trade, null if this LEAN does not name its orders.</summary>
    public string? Tag(Trade trade) =>
        Insides.OrderIds?.GetValue(trade) is IEnumerable<int> ids && TransactionHandler.Orders.TryGetValue(ids.LastOrDefault(), out var order)
            ? order.Tag
            : null;

    /// <summary>Return the points of the equity's chart.</summary>
    public IReadOnlyList<ISeriesPoint> Equity()
    {
        lock (ChartLock)
        {
            return Charts.TryGetValue(StrategyEquityKey, out var chart) && chart.Series.TryGetValue(EquityKey, out var series)
                ? series.Values.ToList()
                : [];
        }
    }

    public override void Exit()
    {
        if (IsDocument || ExitTriggered)
        {
            base.Exit();
            return;
        }
        ProcessSynchronousEvents(true);
        ExitTriggered = true;
        ExitEvent.Set();
        StopUpdateRunner();
        Finish();
    }

    /// <summary>Sample only the inputs of the statistics, daily at midnight.</summary>
    public override void Sample(DateTime time)
    {
        if (IsDocument)
        {
            base.Sample(time);
            return;
        }
        UpdatePortfolioValues(time);
        UpdateBenchmarkValue(time);
        var value = GetPortfolioValue();
        CumulativeMaxPortfolioValue = Math.Max(value, CumulativeMaxPortfolioValue);
        UpdateAlgorithmEquity();
        SampleEquity(time);
        SampleBenchmark(time, GetBenchmarkValue());
        SamplePerformance(time, DailyPortfolioValue == 0 ? 0 : Math.Round((value - DailyPortfolioValue) * 100 / DailyPortfolioValue, 10));
        SamplePortfolioTurnover(time, value);
        DailyPortfolioValue = value;
    }

    /// <summary>Drain the messages; LEAN's own way also prepares updates for a screen.</summary>
    protected override void Run()
    {
        if (IsDocument)
        {
            base.Run();
            return;
        }
        while (!(ExitTriggered && Messages.IsEmpty))
        {
            if (Messages.TryDequeue(out var packet))
            {
                MessagingHandler.Send(packet);
            }
            else
            {
                ExitEvent.WaitOne(50);
            }
        }
    }

    protected override void StoreResult(Packet packet)
    {
        if (packet is BacktestResultPacket { Progress: 1 } last)
        {
            // LEAN adds the orders' hash to its own afterwards.
            Statistics = new Dictionary<string, string>(last.Results.Statistics);
            Runtime = last.Results.RuntimeStatistics;
            Performance = last.Results.TotalPerformance;
            Final = new Dictionary<string, string>(last.Results.State);
        }
        base.StoreResult(packet);
    }

    private void Finish()
    {
        if (Algorithm is not null)
        {
            var results = Whole() ?? StatisticsResults();
            Statistics = results.Summary;
            Runtime = GetAlgorithmRuntimeStatistics(results.Summary, Summary.Capacity(this));
            Performance = results.TotalPerformance;
        }
        Final = new Dictionary<string, string>(GetAlgorithmState(DateTime.UtcNow));
    }

    [SuppressMessage("Design", "CA1031", Justification = "LEAN logs exceptions of its statistics, and continues")]
    private StatisticsResults? Whole()
    {
        try
        {
            return Summary.Of(this, Algorithm, _rolling);
        }
        catch (Exception error)
        {
            Log.Error(error);
            return null;
        }
    }

    /// <summary>The inputs of LEAN's statistics.</summary>
    internal Measured Measure() =>
        new(
            Equity(),
            Values(StrategyEquityKey, ReturnKey),
            Values(BenchmarkKey, BenchmarkKey),
            Values(PortfolioTurnoverKey, PortfolioTurnoverKey) ?? [],
            StartingPortfolioValue,
            TotalTradesCount(),
            AlgorithmCurrencySymbol);

    private List<ISeriesPoint>? Values(string chart, string series) =>
        Charts.TryGetValue(chart, out var found) && found.Series.TryGetValue(series, out var values) ? values.Values : null;
}

/// <summary>Samples of a backtest; `Returns` and `Benchmark` are null if there are none.</summary>
internal sealed record Measured(
    IReadOnlyList<ISeriesPoint> Equity,
    List<ISeriesPoint>? Returns,
    List<ISeriesPoint>? Benchmark,
    List<ISeriesPoint> Turnover,
    decimal StartingCapital,
    int Orders,
    string Currency);
