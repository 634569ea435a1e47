using Newtonsoft.Json.Linq;
using QuantConnect;
using QuantConnect.Configuration;

namespace Leanopt.Harness;

/// <summary>LEAN in this process: loaded once, put back before each backtest.</summary>
internal sealed class Lean(Arguments arguments)
{
    private readonly Strategies _strategies = new(arguments.Lean);
    private Providers? _providers;
    private Reset? _reset;
    private Python? _python;

    /// <summary>Why no backtest can run, null while one may.</summary>
    public Failure? Fault { get; private set; }

    /// <summary>Load what all backtests share; what fails is kept as `Fault`.</summary>
    public void Load()
    {
        try
        {
            Configure(new JObject { ["data-folder"] = arguments.Data, ["composer-dll-directory"] = arguments.Lean });
            _providers = new Providers();
            if (arguments.Strategy.EndsWith(".py", StringComparison.Ordinal))
            {
                _python = new Python(arguments.Lean);
            }
            else
            {
                _strategies.Load(arguments.Strategy);
            }
            _reset = new Reset();
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            Fault = error as Failure ?? new Failure(Category.Engine, $"LEAN cannot be loaded: {error.Message}");
        }
    }

    /// <summary>Run one backtest.</summary>
    /// <exception cref="Failure">It cannot be begun.</exception>
    public Result Run(JObject config, Request request)
    {
        if (Fault is not null)
        {
            throw Fault;
        }
        if ((string?)config["data-folder"] is { } data && Path.GetFullPath(data) != arguments.Data)
        {
            throw new Failure(Category.Engine, $"data-folder is {data}: this harness has loaded {arguments.Data}");
        }
        config["algorithm-location"] ??= arguments.Strategy;
        var location = (string)config["algorithm-location"]!;
        Configure(config);
        _reset!.Before(request.Scenario());
        _providers!.Register();
        _python?.Before(location);
        try
        {
            return new Backtest(request, location, _providers, _strategies).Run();
        }
        finally
        {
            _reset.After();
        }
    }

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
