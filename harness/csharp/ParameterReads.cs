using System.Collections;
using QuantConnect.Algorithm;
using QuantConnect.AlgorithmFactory.Python.Wrappers;
using QuantConnect.Interfaces;
using QuantConnect.Parameters;
using QuantConnect.Scheduling;

namespace Leanopt.Harness;

/// <summary>Notes the names of the parameters that an algorithm asks for.</summary>
/// <remarks>
/// LEAN hands an algorithm its parameters, then its schedule, then runs `Initialize`. An event that
/// waits in the algorithm's schedule from the start is the signal to look on from there.
/// </remarks>
internal sealed class ParameterReads
{
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly ScheduledEvent _signal = new("leanopt", DateTime.MaxValue);
    private QCAlgorithm? _algorithm;

    /// <summary>The names so far, sorted; null where this LEAN keeps its parameters elsewhere.</summary>
    public IReadOnlyList<string>? Names
    {
        get
        {
            lock (_names)
            {
                return Insides.Parameters is null || _algorithm is null ? null : _names.Order(StringComparer.Ordinal).ToList();
            }
        }
    }

    /// <summary>Make ready to look on at an algorithm that has just been created.</summary>
    public void Watch(IAlgorithm algorithm)
    {
        _algorithm = algorithm as QCAlgorithm ?? (algorithm as AlgorithmPythonWrapper)?.BaseAlgorithm;
        if (_algorithm is not null)
        {
            foreach (var (name, _) in ParameterAttribute.GetParametersFromType(_algorithm.GetType()))
            {
                Note(name);
            }
            algorithm.Schedule.Add(_signal);
        }
    }

    /// <summary>Look on from now if this is the signal; returns whether it is.</summary>
    public bool Begin(ScheduledEvent scheduledEvent)
    {
        if (!ReferenceEquals(scheduledEvent, _signal))
        {
            return false;
        }
        if (Insides.Parameters?.GetValue(_algorithm) is Dictionary<string, string> given)
        {
            Insides.Parameters.SetValue(_algorithm, new Watched(given, this));
        }
        return true;
    }

    private void Note(string name)
    {
        lock (_names)
        {
            _names.Add(name);
        }
    }

    /// <summary>Parameters that tell who looks: for one name, or at all of them.</summary>
    private sealed class Watched : Dictionary<string, string>, IEnumerable<KeyValuePair<string, string>>
    {
        private readonly ParameterReads _reads;

        public Watched(Dictionary<string, string> given, ParameterReads reads)
            : base(given, new Listener(reads))
        {
            _reads = reads;
            // An empty dictionary would not even hash what it is asked for.
            EnsureCapacity(Count + 1);
            ((Listener)Comparer).Filled = true;
        }

        IEnumerator<KeyValuePair<string, string>> IEnumerable<KeyValuePair<string, string>>.GetEnumerator()
        {
            foreach (var name in Keys)
            {
                _reads.Note(name);
            }
            return GetEnumerator();
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }

    private sealed class Listener(ParameterReads reads) : IEqualityComparer<string>
    {
        /// <summary>Whether the parameters are in: what is looked for from now on is read.</summary>
        public bool Filled { get; set; }

        public bool Equals(string? one, string? other) => string.Equals(one, other, StringComparison.Ordinal);

        public int GetHashCode(string name)
        {
            if (Filled)
            {
                reads.Note(name);
            }
            return name.GetHashCode(StringComparison.Ordinal);
        }
    }
}
