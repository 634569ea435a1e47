using System.Diagnostics;
using QuantConnect;
using QuantConnect.Configuration;
using QuantConnect.Interfaces;
using QuantConnect.Lean.Engine;
using QuantConnect.Lean.Engine.DataFeeds;
using QuantConnect.Lean.Engine.RealTime;
using QuantConnect.Lean.Engine.Storage;
using QuantConnect.Lean.Engine.TransactionHandlers;
using QuantConnect.Logging;
using QuantConnect.Packets;
using QuantConnect.Queues;
using QuantConnect.Securities;
using QuantConnect.Util;

namespace Leanopt.Harness;

/// <summary>One run of LEAN's engine, with handlers that omit outputs that were not requested.</summary>
internal sealed class Backtest(Request request, string location, Providers providers, Strategies strategies, bool rolling)
{
    private readonly bool _document = request.Wants("document");

    /// <summary>Run the backtest.</summary>
    public Result Run()
    {
        var watch = Stopwatch.StartNew();
        var folder = Folder();
        using var errors = new Errors(_document ? folder : null);
        var results = new Results(_document, rolling);
        var reads = new ParameterReads();
        var monitor = new Monitor(_document);
        var downloads = new Downloads();
        var system = new LeanEngineSystemHandlers(new JobQueue(), downloads, new Messages(results), new Manager(downloads));
        var algorithm = Handlers(results, reads, monitor);
        var job = Job();
        var manager = new AlgorithmManager(false, job);
        try
        {
            system.LeanManager.Initialize(system, algorithm, job, manager);
            using var thread = new BacktestThread();
            new QuantConnect.Lean.Engine.Engine(system, algorithm, false).Run(job, manager, location, thread);
        }
        finally
        {
            algorithm.Dispose();
            system.Dispose();
        }
        return new Result(results, monitor.Missing, errors.First, reads, watch.Elapsed);
    }

    /// <summary>Return the folder for results; create it if documents are requested.</summary>
    private string Folder()
    {
        var folder = Config.Get("results-destination-folder", Directory.GetCurrentDirectory());
        if (_document)
        {
            Directory.CreateDirectory(folder);
        }
        return folder;
    }

    private LeanEngineAlgorithmHandlers Handlers(Results results, ParameterReads reads, Monitor monitor) =>
        new(
            results,
            new StrategySetup(strategies, reads, request.Scenario().WarmUp),
            Providers.Made<IDataFeed>("data-feed-handler", () => new FileSystemDataFeed()),
            Providers.Made<ITransactionHandler>("transaction-handler", () => new BacktestingTransactionHandler()),
            Providers.Made<IRealTimeHandler>("real-time-handler", () => new RealTime(reads)),
            providers.Maps,
            providers.Factors,
            providers.Data,
            Providers.Made<IObjectStore>("object-store", () => new LocalObjectStore()),
            Providers.Made<IDataPermissionManager>("data-permission-manager", () => new DataPermissionManager()),
            false,
            false,
            monitor);

    /// <summary>Return the job as the Launcher's queue makes it, with the scenario's dates and cash.</summary>
    private BacktestNodePacket Job()
    {
        var scenario = request.Scenario();
        var job = (BacktestNodePacket)new JobQueue().NextJob(out _);
        job.PeriodStart = scenario.Start;
        job.PeriodFinish = scenario.End;
        if (scenario.Cash is { } cash)
        {
            job.CashAmount = new CashAmount(cash, Currencies.USD);
        }
        return job;
    }
}
