using System.Collections;
using System.Globalization;
using Newtonsoft.Json.Linq;
using QuantConnect;
using QuantConnect.Configuration;
using QuantConnect.Lean.Engine.DataFeeds;
using QuantConnect.Lean.Engine.Storage;
using QuantConnect.Orders;
using QuantConnect.Securities;

namespace Leanopt.Harness;

/// <summary>Restores the state of LEAN and of the process that a backtest may change.</summary>
internal sealed class Reset(Folder folder, string? store)
{
    private readonly TextWriter _output = Console.Out;
    private readonly TextWriter _errors = Console.Error;
    private readonly CultureInfo _culture = CultureInfo.CurrentCulture;
    private readonly CultureInfo? _default = CultureInfo.DefaultThreadCurrentCulture;
    private readonly CultureInfo? _interface = CultureInfo.DefaultThreadCurrentUICulture;
    private readonly string _store = Path.Combine(Directory.GetCurrentDirectory(), $"leanopt-storage-{Environment.ProcessId}");
    private readonly IDictionary _environment = Environment.GetEnvironmentVariables();
    private readonly Entries _hours = new(MarketHoursDatabase.FromDataFolder, MarketHoursDatabase.Reset);
    private readonly Entries _properties = new(SymbolPropertiesDatabase.FromDataFolder, SymbolPropertiesDatabase.Reset);
    private string _parsedFor = "";

    /// <summary>Prepare a backtest whose configuration LEAN has; `fromFiles`: read no bars from memory.</summary>
    public void Before(Scenario scenario, bool fromFiles)
    {
        SymbolCache.Clear();
        MarketOnCloseOrder.SubmissionTimeBuffer = MarketOnCloseOrder.DefaultSubmissionTimeBuffer;
        LocalObjectStore.DefaultObjectStore = Path.GetFullPath(Config.Get("object-store-root", _store));
        ForgetBars(scenario, fromFiles);
        string[] asked = [Config.Get("results-destination-folder"), Config.Get("object-store-root")];
        folder.Keep(asked.Where(path => path.Length > 0));
        FillStore();
    }

    /// <summary>Restore what the backtest changed; return why that failed, null if it worked.</summary>
    public string? After()
    {
        Console.SetOut(_output);
        Console.SetError(_errors);
        CultureInfo.CurrentCulture = _culture;
        CultureInfo.DefaultThreadCurrentCulture = _default;
        CultureInfo.DefaultThreadCurrentUICulture = _interface;
        RestoreEnvironment();
        if (_hours.Restore() | _properties.Restore())
        {
            // Bars may have been parsed for the time zone of an entry that is gone.
            _parsedFor = "";
        }
        return folder.Restore(_store);
    }

    /// <summary>Copy the initial files of LEAN's object store; files that a backtest saves there are deleted after it.</summary>
    private void FillStore()
    {
        if (store is null)
        {
            return;
        }
        foreach (var file in Directory.EnumerateFiles(store, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(LocalObjectStore.DefaultObjectStore, Path.GetRelativePath(store, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy, overwrite: true);
        }
    }

    /// <summary>Forget parsed bars, unless strategy and scenario are the same.</summary>
    /// <remarks>
    /// LEAN caches them by file and type only, not by time zone and hours.
    /// Documents report requested files, and strategies that are loaded again have new data types.
    /// </remarks>
    private void ForgetBars(Scenario scenario, bool fromFiles)
    {
        var parsed = $"{Config.Get("algorithm-location")} {Config.Get("algorithm-type-name")} {scenario}";
        if (parsed != _parsedFor || fromFiles)
        {
            TextSubscriptionDataSourceReader.ClearCache();
            _parsedFor = parsed;
        }
    }

    private void RestoreEnvironment()
    {
        var now = Environment.GetEnvironmentVariables();
        var changed = false;
        foreach (var name in now.Keys.Cast<string>().Union(_environment.Keys.Cast<string>()))
        {
            if (!Equals(now[name], _environment[name]))
            {
                Environment.SetEnvironmentVariable(name, (string?)_environment[name]);
                changed = true;
            }
        }
        if (changed)
        {
            // One of them may have been TZ.
            TimeZoneInfo.ClearCachedData();
        }
    }
}
