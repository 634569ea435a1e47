using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.Loader;
using QuantConnect;
using QuantConnect.AlgorithmFactory;
using QuantConnect.Configuration;
using QuantConnect.Data;
using QuantConnect.Interfaces;

namespace Leanopt.Harness;

/// <summary>The assemblies of strategies, each read once: later changes of the file have no effect.</summary>
internal sealed class Strategies(string lean)
{
    private readonly Dictionary<string, Strategy> _loaded = new(StringComparer.Ordinal);

    /// <summary>Load a strategy's assembly.</summary>
    /// <exception cref="Failure">It is missing, or not an assembly.</exception>
    public Strategy Load(string path)
    {
        try
        {
            return _loaded.TryGetValue(path, out var known) ? known : _loaded[path] = new Strategy(path, lean);
        }
        catch (Exception error) when (error is IOException or BadImageFormatException or UnauthorizedAccessException)
        {
            throw new Failure(Category.Strategy, $"the strategy cannot be loaded: {error.Message}");
        }
    }

    /// <summary>Create the algorithm that the configuration names, null if that fails.</summary>
    public IAlgorithm? Create(string path) => Load(path).Create(Config.Get("algorithm-type-name"));
}

/// <summary>A strategy's assembly: loaded once, or again for each backtest if it has static state.</summary>
internal sealed class Strategy
{
    private readonly string _path;
    private readonly string _lean;
    private readonly byte[] _code;
    private readonly byte[]? _symbols;
    private readonly List<WeakReference> _contexts = [];
    private readonly bool _fresh;
    private readonly TimeSpan _cost;
    private readonly Assembly _assembly;
    private readonly List<string> _names;

    public Strategy(string path, string lean)
    {
        (_path, _lean) = (path, lean);
        var symbols = Path.ChangeExtension(path, ".pdb");
        _code = File.ReadAllBytes(path);
        _symbols = File.Exists(symbols) ? File.ReadAllBytes(symbols) : null;
        State = Statics.Mutable(WithLibraries(Loaded(collectible: true)));
        _fresh = State.Count > 0;
        var watch = Stopwatch.StartNew();
        _assembly = Loaded(_fresh);
        _cost = watch.Elapsed;
        _names = Loader.GetExtendedTypeNames(_assembly);
        HasData = WithLibraries(_assembly).SelectMany(Statics.Types).Any(typeof(BaseData).IsAssignableFrom);
    }

    /// <summary>Notes for the user on how it runs.</summary>
    public IReadOnlyList<string> Notes =>
        State.Count == 0
            ? []
            : [$"the strategy has static state ({string.Join(", ", State.Take(3))}): each backtest loads it again, in {Cost}"];

    private string Cost => string.Create(CultureInfo.InvariantCulture, $"{_cost.TotalMilliseconds:F1} ms");

    /// <summary>The static fields that would carry over to the next backtest.</summary>
    public IReadOnlyList<string> State { get; }

    /// <summary>Whether it defines data types, which LEAN's caches distinguish by name only.</summary>
    public bool HasData { get; }

    /// <summary>The number of assemblies of earlier backtests that are still in memory.</summary>
    public int Kept => _contexts.Count(one => one.IsAlive);

    /// <summary>Create the algorithm of this name, null if that fails.</summary>
    public IAlgorithm? Create(string name)
    {
        var found = _names.Count == 0 ? null : _names.SingleOrAlgorithmTypeName(name);
        if (string.IsNullOrEmpty(found))
        {
            return null;
        }
        try
        {
            return (IAlgorithm?)(_fresh ? Loaded(collectible: true) : _assembly).CreateInstance(found, true);
        }
        catch (TargetInvocationException)
        {
            return null;
        }
    }

    /// <summary>Return an assembly and those of the strategy's own folder, in its context.</summary>
    private IEnumerable<Assembly> WithLibraries(Assembly assembly)
    {
        var context = AssemblyLoadContext.GetLoadContext(assembly)!;
        return Directory
            .EnumerateFiles(Path.GetDirectoryName(_path)!, "*.dll")
            .Where(file => file != _path && !File.Exists(Path.Combine(_lean, Path.GetFileName(file))))
            .Select(file => Library(context, Path.GetFileNameWithoutExtension(file)))
            .OfType<Assembly>()
            .Prepend(assembly);
    }

    // Files there may not be .NET assemblies.
    private static Assembly? Library(AssemblyLoadContext context, string name)
    {
        try
        {
            return context.LoadFromAssemblyName(new AssemblyName(name));
        }
        catch (Exception error) when (error is IOException or BadImageFormatException)
        {
            return null;
        }
    }

    private Assembly Loaded(bool collectible)
    {
        var context = new Context(_path, _lean, collectible);
        using var code = new MemoryStream(_code);
        using var symbols = _symbols is null ? null : new MemoryStream(_symbols);
        var assembly = context.LoadFromStream(code, symbols);
        if (collectible)
        {
            _contexts.RemoveAll(one => !one.IsAlive);
            _contexts.Add(new WeakReference(context));
            // It stays in memory as long as parts of it are in use.
            context.Unload();
        }
        return assembly;
    }

    /// <summary>A strategy and its own libraries; LEAN's stay shared.</summary>
    private sealed class Context(string path, string lean, bool collectible) : AssemblyLoadContext("strategy", collectible)
    {
        protected override Assembly? Load(AssemblyName assemblyName)
        {
            var file = Path.Combine(Path.GetDirectoryName(path)!, $"{assemblyName.Name}.dll");
            return File.Exists(file) && !File.Exists(Path.Combine(lean, $"{assemblyName.Name}.dll")) ? LoadFromAssemblyPath(file) : null;
        }
    }
}
