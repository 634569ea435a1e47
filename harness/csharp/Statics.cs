using System.Reflection;

namespace Leanopt.Harness;

/// <summary>Finds a strategy's static state, which would carry over to the next backtest.</summary>
internal static class Statics
{
    private const BindingFlags Instance = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
    private const BindingFlags All = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private static readonly HashSet<Type> Immutable =
    [
        typeof(string), typeof(decimal), typeof(DateTime), typeof(DateTimeOffset), typeof(DateOnly), typeof(TimeOnly), typeof(TimeSpan),
        typeof(Guid), typeof(Version), typeof(Uri), typeof(Type), typeof(System.Text.RegularExpressions.Regex),
        typeof(System.Globalization.CultureInfo),
    ];

    // By name: this file does not depend on LEAN.
    private static readonly HashSet<string> Known = ["QuantConnect.Symbol", "NodaTime.DateTimeZone"];

    /// <summary>Return the static fields whose value or content can change, as `Type.Field`.</summary>
    public static IReadOnlyList<string> Mutable(IEnumerable<Assembly> assemblies) =>
        assemblies
            .SelectMany(Types)
            .Where(type => !IsCompilers(type))
            .SelectMany(type => type.GetFields(All))
            .Where(field => !field.IsLiteral && !(field.IsInitOnly && IsImmutable(field.FieldType)))
            .Select(field => $"{field.DeclaringType!.Name}.{Name(field)}")
            .ToList();

    /// <summary>Return the types of an assembly, without those whose base types are missing.</summary>
    public static IEnumerable<Type> Types(Assembly assembly)
    {
        try
        {
            return assembly.GetTypes();
        }
        catch (ReflectionTypeLoadException error)
        {
            return error.Types.OfType<Type>();
        }
    }

    // The compiler's storage of lambdas, call sites and constants: the same in every backtest.
    // A type that only its file sees has a name that begins so too, with that of the file: `<File>F0__Cache`.
    private static bool IsCompilers(Type type) =>
        (type.Name.StartsWith('<') && !type.Name.Contains(">F", StringComparison.Ordinal))
        || (type.DeclaringType is { } outer && IsCompilers(outer));

    private static bool IsImmutable(Type type) =>
        type.IsPrimitive
        || type.IsEnum
        || Immutable.Contains(type)
        || Known.Contains(type.FullName ?? "")
        || (Nullable.GetUnderlyingType(type) is { } inner && IsImmutable(inner))
        || (type.IsValueType && type.GetFields(Instance).All(field => IsImmutable(field.FieldType)));

    // `<Name>k__BackingField` is what C# makes of an automatic property.
    private static string Name(FieldInfo field) =>
        field.Name.StartsWith('<') ? field.Name[1..field.Name.IndexOf('>', StringComparison.Ordinal)] : field.Name;
}
