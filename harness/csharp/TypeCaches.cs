using System.Collections;
using System.Reflection;
using QuantConnect.Data;

namespace Leanopt.Harness;

/// <summary>Empties LEAN's caches by type of what belongs to strategies that are loaded afresh.</summary>
/// <remarks>They would give one backtest the types of another, and keep its assembly in memory.</remarks>
internal static class TypeCaches
{
    private const BindingFlags Hidden = BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public;

    private static readonly FieldInfo[] Fields = new[]
    {
        ("QuantConnect.Util.ObjectActivator", "_cloneMethodsByType"),
        ("QuantConnect.Util.ObjectActivator", "_activatorsByType"),
        ("QuantConnect.Data.Slice+GenericDataDictionary", "_genericCache"),
        ("QuantConnect.SecurityIdentifier", "TypeMapping"),
    }
        .Select(one => typeof(Slice).Assembly.GetType(one.Item1)?.GetField(one.Item2, Hidden))
        .OfType<FieldInfo>()
        .ToArray();

    /// <summary>Forget types of collectible assemblies.</summary>
    public static void Forget()
    {
        foreach (var cache in Fields.Select(field => field.GetValue(null)).OfType<IDictionary>())
        {
            foreach (var key in cache.Keys.Cast<object>().Where(key => IsFresh(key) || IsFresh(cache[key])).ToList())
            {
                cache.Remove(key);
            }
        }
    }

    private static bool IsFresh(object? one) => one is Type { IsCollectible: true };
}
