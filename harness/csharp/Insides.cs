using System.Collections;
using System.Reflection;
using QuantConnect.Algorithm;
using QuantConnect.Data;
using QuantConnect.Lean.Engine.Results;
using QuantConnect.Lean.Engine.Setup;
using QuantConnect.Statistics;

namespace Leanopt.Harness;

/// <summary>Private or version-specific members of LEAN, found by name; null if this LEAN lacks them.</summary>
internal static class Insides
{
    private const BindingFlags All = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    /// <summary>An algorithm's parameters.</summary>
    public static readonly FieldInfo? Parameters = typeof(QCAlgorithm).GetField("_parameters", All);

    /// <summary>Finds the start of the warm-up that an algorithm has set itself; returns whether it has.</summary>
    public static readonly MethodInfo? WarmUpStart = typeof(QCAlgorithm).GetMethod("TryGetWarmupHistoryStartTime", All);

    /// <summary>The algorithm that is set up.</summary>
    public static readonly FieldInfo? SetUp = typeof(SetupHandlerParameters).GetField("<Algorithm>k__BackingField", All);

    /// <summary>The estimate of a strategy's capacity, of a result handler.</summary>
    public static readonly FieldInfo? Capacity = typeof(BacktestingResultHandler).GetField("_capacityEstimate", All);

    /// <summary>The statistics that a strategy has set itself, of a result handler.</summary>
    public static readonly FieldInfo? Custom = typeof(BaseResultsHandler).GetField("_customSummaryStatistics", All);

    /// <summary>Whether a result handler looks for flaws of the strategy at the end; since April 2026.</summary>
    public static readonly PropertyInfo? Analysis = typeof(BacktestingResultHandler).GetProperty("RunResultsAnalysis", All);

    /// <summary>The ids of a closed trade's orders, from the first that opened it to the one that closed it; since 2025.</summary>
    public static readonly PropertyInfo? OrderIds = typeof(Trade).GetProperty("OrderIds", All);

    // Caches by type, or of types by name.
    private static readonly FieldInfo[] Caches = new[]
    {
        ("QuantConnect.Util.ObjectActivator", "_cloneMethodsByType"),
        ("QuantConnect.Util.ObjectActivator", "_activatorsByType"),
        ("QuantConnect.Data.Slice+GenericDataDictionary", "_genericCache"),
        ("QuantConnect.SecurityIdentifier", "TypeMapping"),
    }
        .Select(one => typeof(Slice).Assembly.GetType(one.Item1)?.GetField(one.Item2, All))
        .OfType<FieldInfo>()
        .ToArray();

    /// <summary>Return a piece of LEAN's statistics as a delegate, null if it has another type.</summary>
    public static T? Statistic<T>(string name)
        where T : Delegate
    {
        var method = typeof(StatisticsBuilder).GetMethod(name, All);
        return method is null ? null : Delegate.CreateDelegate(typeof(T), method, throwOnBindFailure: false) as T;
    }

    /// <summary>Return a property of one of LEAN's databases.</summary>
    public static object? Property(object database, string name) => database.GetType().GetProperty(name, All)?.GetValue(database);

    /// <summary>Forget types of strategies that are loaded again.</summary>
    /// <remarks>They would give one backtest the types of another, and keep its assembly in memory.</remarks>
    public static void ForgetTypes()
    {
        foreach (var cache in Caches.Select(field => field.GetValue(null)).OfType<IDictionary>())
        {
            foreach (var key in cache.Keys.Cast<object>().Where(key => IsFresh(key) || IsFresh(cache[key])).ToList())
            {
                cache.Remove(key);
            }
        }
    }

    private static bool IsFresh(object? one) => one is Type { IsCollectible: true };
}
