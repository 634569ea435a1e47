using QuantConnect;
using QuantConnect.Configuration;
using QuantConnect.Data.Auxiliary;
using QuantConnect.Data.UniverseSelection;
using QuantConnect.Interfaces;
using QuantConnect.Lean.Engine.DataFeeds;
using QuantConnect.Lean.Engine.HistoricalData;
using QuantConnect.Securities;
using QuantConnect.Util;

namespace Leanopt.Harness;

/// <summary>What gives LEAN its data: made once a process, registered again for each backtest.</summary>
/// <remarks>
/// No algorithm may be created before: a lazy value in `SecurityIdentifier` looks for the map file
/// provider once, and stays null for good if there is none.
/// </remarks>
internal sealed class Providers
{
    public Providers()
    {
        Data = Made<IDataProvider>("data-provider", () => new DefaultDataProvider());
        Maps = Made<IMapFileProvider>("map-file-provider", () => new LocalDiskMapFileProvider());
        Factors = Made<IFactorFileProvider>("factor-file-provider", () => new LocalDiskFactorFileProvider());
        Maps.Initialize(Data);
        Factors.Initialize(Maps, Data);
        Register();
        SymbolPropertiesDatabase.FromDataFolder();
    }

    public IDataProvider Data { get; }

    public IMapFileProvider Maps { get; }

    public IFactorFileProvider Factors { get; }

    /// <summary>Return whether the provider under a key of the configuration is of this type.</summary>
    public bool Are(string key, string type) => key switch
    {
        "data-provider" => Data.GetType().MatchesTypeName(type),
        "map-file-provider" => Maps.GetType().MatchesTypeName(type),
        "factor-file-provider" => Factors.GetType().MatchesTypeName(type),
        _ => false,
    };

    /// <summary>Return the part that the configuration names under `key`, by default LEAN's own.</summary>
    public static T Made<T>(string key, Func<T> own)
        where T : class
    {
        var name = Config.Get(key);
        if (name.Length == 0)
        {
            return own();
        }
        var made = own();
        return made.GetType().MatchesTypeName(name) ? made : Composer.Instance.GetExportedValueByTypeName<T>(name);
    }

    /// <summary>Register them with LEAN's Composer, and remove parts of earlier backtests.</summary>
    public void Register()
    {
        Composer.Instance.Reset();
        Composer.Instance.AddPart(Data);
        Composer.Instance.AddPart(Maps);
        Composer.Instance.AddPart(Factors);
        // LEAN looks its history provider up by name; one backtest's must not serve another.
        Composer.Instance.AddPart<IHistoryProvider>(new SubscriptionDataReaderHistoryProvider());
        var fundamental = Made<IFundamentalDataProvider>("fundamental-data-provider", () => new CoarseFundamentalDataProvider());
        FundamentalService.Initialize(Data, fundamental, false);
    }
}
