using System.Reflection;

namespace Leanopt.Harness;

/// <summary>Finds static state of a strategy, which one backtest would leave for the next.</summary>
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

    // By name, since this knows nothing of LEAN.
    private static readonly HashSet<string> Known = ["QuantConnect.Symbol", "NodaTime.DateTimeZone"];

    /// <summary>Return the static fields whose value, or what is in it, can change: `Type.Field`.</summary>
    public static IReadOnlyList<string> Mutable(IEnumerable<Assembly> assemblies) =>
        assemblies
            .SelectMany(Types)
            .Where(type => !IsCompilers(type))
            .SelectMany(type => type.GetFields(All))
            .Where(field => !field.IsLiteral && !(field.IsInitOnly && IsImmutable(field.FieldType)))
            .Select(field => $"{field.DeclaringType!.Name}.{Name(field)}")
            .ToList();

    /// <summary>Return the types of an assembly, those left out whose bases are not there.</summary>
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

    // Where the compiler keeps lambdas, call sites and constants: the same in every backtest.
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
