using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using QuantConnect;
using QuantConnect.AlgorithmFactory;
using QuantConnect.Interfaces;
using QuantConnect.Data;
using QuantConnect.Lean.Engine.RealTime;
using QuantConnect.Lean.Engine.Setup;
using QuantConnect.Logging;
using QuantConnect.Messaging;
using QuantConnect.Packets;
using QuantConnect.Scheduling;
using QuantConnect.Util;

namespace Leanopt.Harness;

/// <summary>The thread on which LEAN runs a backtest's own code: a new one each time.</summary>
internal sealed class BacktestThread : WorkerThread;

/// <summary>Collects the first errors that LEAN logs; the log itself is written only if documents are requested.</summary>
internal sealed partial class Errors : IDisposable
{
    private const int Most = 10;
    private const int Longest = 2000;
    private readonly ConcurrentQueue<string> _first = new();
    private readonly ILogHandler? _file;

    public Errors(string? folder)
    {
        _file = folder is null ? null : new FileLogHandler(Path.Combine(folder, "log.txt"));
        Log.LogHandler = new FunctionalLogHandler(text => _file?.Debug(text), text => _file?.Trace(text), Add);
    }

    public IReadOnlyCollection<string> First => _first;

    public void Dispose()
    {
        Log.LogHandler = new FunctionalLogHandler(_ => { }, _ => { }, _ => { });
        _file?.Dispose();
    }

    private void Add(string text)
    {
        _file?.Error(text);
        var message = Stamp().Replace(text, "");
        message = message[..Math.Min(message.Length, Longest)];
        // On a busy machine LEAN says so of threads that end a moment later.
        if (_first.Count < Most && !message.StartsWith("StopSafely(): Timeout", StringComparison.Ordinal))
        {
            _first.Enqueue(message);
        }
    }

    // LEAN's time of day, which would differ between equal backtests.
    [GeneratedRegex(@"^\d{8} \d\d:\d\d:\d\d(\.\d+)? ERROR:? ?:?")]
    private static partial Regex Stamp();
}

/// <summary>LEAN's messages: errors reach its log, the rest only if documents are requested.</summary>
internal sealed class Messages(Results results) : Messaging
{
    public override void Send(Packet packet)
    {
        if (results.IsDocument || packet.Type is PacketType.RuntimeError or PacketType.HandledError)
        {
            base.Send(packet);
        }
    }
}

/// <summary>Records data that LEAN did not find; LEAN's own monitor writes files and has a thread.</summary>
internal sealed class Monitor(bool document) : DataMonitor, IDataMonitor
{
    private readonly ConcurrentDictionary<string, bool> _missing = new();

    /// <summary>Paths of files that were not found, from the data folder.</summary>
    public IEnumerable<string> Missing => _missing.Keys.Order(StringComparer.Ordinal);

    void IDataMonitor.OnNewDataRequest(object sender, DataProviderNewDataRequestEventArgs request)
    {
        if (document)
        {
            OnNewDataRequest(sender, request);
        }
        if (!request.Succeeded && !IsReference(request.Path))
        {
            _missing.TryAdd(StripDataFolder(request.Path).Replace('\\', '/').TrimStart('/'), true);
        }
    }

    // LEAN's monitor omits these as well.
    private static bool IsReference(string path) =>
        path.Contains("map_files", StringComparison.OrdinalIgnoreCase)
        || path.Contains("factor_files", StringComparison.OrdinalIgnoreCase);
}

/// <summary>Creates the algorithm from a strategy that is loaded already, and gives it a warm-up.</summary>
internal sealed class StrategySetup(Strategies strategies, ParameterReads reads, TimeSpan? warmUp) : BacktestingSetupHandler
{
    public override bool Setup(SetupHandlerParameters parameters)
    {
        if (warmUp is { } span)
        {
            WarmUp.Give(parameters, span);
        }
        return base.Setup(parameters);
    }

    public override IAlgorithm CreateAlgorithmInstance(AlgorithmNodePacket job, string assemblyPath)
    {
        // Leave failures to LEAN, for its message.
        var algorithm = (job.Language == Language.CSharp ? Created(job, assemblyPath) : null)
            ?? base.CreateAlgorithmInstance(job, assemblyPath);
        reads.Watch(algorithm);
        return algorithm;
    }

    private IAlgorithm? Created(AlgorithmNodePacket job, string path)
    {
        IAlgorithm? algorithm = null;
        new Isolator().ExecuteWithTimeLimit(
            AlgorithmCreationTimeout,
            () => algorithm = strategies.Create(path),
            job.RamAllocation,
            sleepIntervalMillis: 100,
            workerThread: WorkerThread);
        return algorithm;
    }
}

/// <summary>LEAN's schedule, which shows when the algorithm has its parameters.</summary>
internal sealed class RealTime(ParameterReads reads) : BacktestingRealTimeHandler
{
    public override void Add(ScheduledEvent scheduledEvent)
    {
        if (!reads.Begin(scheduledEvent))
        {
            base.Add(scheduledEvent);
        }
    }
}
