using System.Reflection;
using QuantConnect;
using QuantConnect.AlgorithmFactory;
using QuantConnect.Configuration;
using QuantConnect.Interfaces;

namespace Leanopt.Harness;

/// <summary>The assemblies of strategies, each loaded once.</summary>
internal sealed class Strategies
{
    private readonly Dictionary<string, Strategy> _loaded = new(StringComparer.Ordinal);

    /// <summary>Load a strategy's assembly.</summary>
    /// <exception cref="Failure">It is not there, or is no assembly.</exception>
    public void Load(string path)
    {
        if (_loaded.ContainsKey(path))
        {
            return;
        }
        try
        {
            _loaded[path] = new Strategy(path);
        }
        catch (Exception error) when (error is IOException or BadImageFormatException or UnauthorizedAccessException)
        {
            throw new Failure(Category.Strategy, $"the strategy cannot be loaded: {error.Message}");
        }
    }

    /// <summary>Create the algorithm that the configuration names, null where that cannot be done.</summary>
    public IAlgorithm? Create(string path)
    {
        Load(path);
        return _loaded[path].Create(Config.Get("algorithm-type-name"));
    }
}

/// <summary>A strategy's assembly, in memory: a file that changes later changes no backtest.</summary>
internal sealed class Strategy
{
    private readonly Assembly _assembly;
    private readonly List<string> _names;

    public Strategy(string path)
    {
        var symbols = Path.ChangeExtension(path, ".pdb");
        _assembly = File.Exists(symbols)
            ? Assembly.Load(File.ReadAllBytes(path), File.ReadAllBytes(symbols))
            : Assembly.LoadFrom(path);
        _names = Loader.GetExtendedTypeNames(_assembly);
    }

    /// <summary>Create the algorithm of this name, null where that cannot be done.</summary>
    public IAlgorithm? Create(string name)
    {
        var found = _names.Count == 0 ? null : _names.SingleOrAlgorithmTypeName(name);
        if (string.IsNullOrEmpty(found))
        {
            return null;
        }
        try
        {
            return (IAlgorithm?)_assembly.CreateInstance(found, true);
        }
        catch (TargetInvocationException)
        {
            return null;
        }
    }
}
