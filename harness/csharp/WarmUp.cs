using System.Reflection;
using QuantConnect.Algorithm;
using QuantConnect.AlgorithmFactory.Python.Wrappers;
using QuantConnect.Interfaces;
using QuantConnect.Lean.Engine.Setup;

namespace Leanopt.Harness;

/// <summary>Gives an algorithm the scenario's warm-up, unless its own is longer.</summary>
/// <remarks>
/// LEAN takes the warm-up in `PostInitialize`, when the algorithm has its dates and its securities. Nothing
/// of LEAN's runs right before, so LEAN sets up a proxy of the algorithm instead.
/// </remarks>
internal class WarmUp : DispatchProxy
{
    private IAlgorithm? _algorithm;
    private TimeSpan _span;

    /// <summary>Whether this LEAN shows all that is needed.</summary>
    public static bool IsKnown => Insides.WarmUpStart is not null && Insides.SetUp is not null;

    /// <summary>Have the algorithm get a warm-up of this length when LEAN sets it up.</summary>
    /// <exception cref="Failure">This LEAN does not show what its algorithm has.</exception>
    public static void Give(SetupHandlerParameters parameters, TimeSpan span)
    {
        if (!IsKnown)
        {
            throw new Failure(Category.Engine, "scenario.warmup: this harness cannot set the warm-up of this version of LEAN");
        }
        var proxy = Create<IAlgorithm, WarmUp>();
        ((WarmUp)proxy)._algorithm = parameters.Algorithm;
        ((WarmUp)proxy)._span = span;
        Insides.SetUp!.SetValue(parameters, proxy);
    }

    /// <inheritdoc/>
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        if (targetMethod!.Name == nameof(IAlgorithm.PostInitialize))
        {
            Extend();
        }
        return targetMethod.Invoke(_algorithm, BindingFlags.DoNotWrapExceptions, null, args, null);
    }

    private void Extend()
    {
        var algorithm = _algorithm as QCAlgorithm ?? ((AlgorithmPythonWrapper)_algorithm!).BaseAlgorithm;
        object?[] own = [null];
        var has = (bool)Insides.WarmUpStart!.Invoke(algorithm, BindingFlags.DoNotWrapExceptions, null, own, null)!;
        if (!has || algorithm.Time - (DateTime)own[0]! < _span)
        {
            // In the resolution that the algorithm may have chosen for its own.
            algorithm.SetWarmUp(_span, algorithm.Settings.WarmupResolution);
        }
    }
}
