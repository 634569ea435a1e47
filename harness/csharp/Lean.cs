using Newtonsoft.Json.Linq;
using QuantConnect;
using QuantConnect.Configuration;
using QuantConnect.Securities;

namespace Leanopt.Harness;

/// <summary>LEAN in this process: loaded once, restored before each backtest.</summary>
internal sealed class Lean(Arguments arguments)
{
    // Settings that LEAN reads once per process.
    private static readonly string[] Once =
    [
        "data-folder", "composer-dll-directory", "plugin-directory", "python-venv",
        "data-provider", "map-file-provider", "factor-file-provider",
    ];

    private readonly Strategies _strategies = new(arguments.Lean);
    private JObject _shared = [];
    private Providers? _providers;
    private Reset? _reset;
    private Python? _python;

    /// <summary>Why no backtest can run, or null.</summary>
    public Failure? Fault { get; private set; }

    /// <summary>Load what all backtests share; keep a failure as `Fault`.</summary>
    public void Load()
    {
        try
        {
            var folder = new Folder(arguments.Lean);
            _shared = JObject.Parse(arguments.Config);
            _shared["data-folder"] = arguments.Data;
            _shared["composer-dll-directory"] ??= arguments.Lean;
            _shared["algorithm-location"] = arguments.Strategy;
            Configure(_shared);
            // Read the largest file while the rest is loaded.
            var hours = Task.Run(MarketHoursDatabase.FromDataFolder);
            Parts.Load(arguments.Lean);
            _providers = new Providers();
            if (arguments.Strategy.EndsWith(".py", StringComparison.Ordinal))
            {
                _python = new Python(arguments.Lean);
            }
            else
            {
                Notes = _strategies.Load(arguments.Strategy).Notes;
            }
            hours.Wait();
            _reset = new Reset(folder, arguments.Store);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            Fault = error as Failure ?? new Failure(Category.Engine, $"LEAN cannot be loaded: {error.Message}");
        }
    }

    /// <summary>What the last backtest changed and cannot be restored, or null.</summary>
    public string? Unrestored { get; private set; }

    /// <summary>Notes for the user on how the strategy runs.</summary>
    public IReadOnlyList<string> Notes { get; private set; } = [];

    /// <summary>Run one backtest.</summary>
    /// <exception cref="Failure">It cannot start.</exception>
    public Result Run(JObject config, Request request)
    {
        if (Fault is not null)
        {
            throw Fault;
        }
        CheckShared(config);
        config["algorithm-location"] ??= arguments.Strategy;
        var location = (string)config["algorithm-location"]!;
        Configure(config);
        _reset!.Before(request.Scenario(), request.Wants("document") || HasFreshData(location));
        _providers!.Register();
        _python?.Before(location);
        try
        {
            return new Backtest(request, location, _providers, _strategies, arguments.RollingWindows).Run();
        }
        finally
        {
            Unrestored = _reset.After();
            Insides.ForgetTypes();
        }
    }

    private bool HasFreshData(string location) =>
        _python is null && _strategies.Load(location) is { State.Count: > 0, HasData: true };

    /// <summary>Refuse a configuration whose data or parts differ from the loaded ones.</summary>
    private void CheckShared(JObject config)
    {
        foreach (var key in Once)
        {
            var (asked, loaded) = ((string?)config[key], (string?)_shared[key]);
            if (!string.IsNullOrEmpty(asked) && Plain(asked) != Plain(loaded) && !_providers!.Are(key, asked))
            {
                throw new Failure(Category.Engine, $"{key} is {asked}: this harness was started with {loaded ?? "none"}");
            }
        }
    }

    // A path can be written in several ways.
    private static string? Plain(string? text) =>
        Path.IsPathRooted(text) ? Path.TrimEndingDirectorySeparator(Path.GetFullPath(text)) : text;

    /// <summary>Make LEAN's configuration what `config` says, and nothing else.</summary>
    private static void Configure(JObject config)
    {
        Config.Set("leanopt", "");
        var settings = (JObject)Config.GetToken("leanopt").Root;
        settings.RemoveAll();
        foreach (var (key, value) in config)
        {
            settings[key] = value!.DeepClone();
        }
        Globals.Reset();
    }
}
