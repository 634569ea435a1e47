using System.Collections;
using System.Diagnostics;
using QuantConnect.Algorithm;
using QuantConnect.AlgorithmFactory.Python.Wrappers;
using QuantConnect.Interfaces;
using QuantConnect.Parameters;
using QuantConnect.Scheduling;

namespace Leanopt.Harness;

/// <summary>Records the names of the parameters that an algorithm reads, and their types.</summary>
/// <remarks>
/// LEAN gives an algorithm its parameters, then its schedule, then runs `Initialize`. An event in the
/// algorithm's schedule from the start is the signal to begin recording.
/// </remarks>
internal sealed class ParameterReads
{
    private readonly SortedDictionary<string, Asked> _names = new(StringComparer.Ordinal);
    private const int Looks = 3;

    private readonly ScheduledEvent _signal = new("leanopt", DateTime.MaxValue);
    private QCAlgorithm? _algorithm;

    /// <summary>The names so far, sorted; null if this LEAN keeps its parameters elsewhere.</summary>
    public IReadOnlyList<string>? Names => Known(_ => true)?.Select(one => one.Name).ToList();

    /// <summary>The known types, sorted; null as the names.</summary>
    public IReadOnlyList<(string Name, IReadOnlyList<string> Types)>? Types => Known(asked => asked.Types.Count > 0);

    /// <summary>Prepare to record the reads of an algorithm that has just been created.</summary>
    public void Watch(IAlgorithm algorithm)
    {
        _algorithm = algorithm as QCAlgorithm ?? (algorithm as AlgorithmPythonWrapper)?.BaseAlgorithm;
        if (_algorithm is not null)
        {
            foreach (var (name, member) in ParameterAttribute.GetParametersFromType(_algorithm.GetType()))
            {
                Note(name, ParameterType.Of(member));
            }
            algorithm.Schedule.Add(_signal);
        }
    }

    /// <summary>Begin recording if this is the signal; return whether it is.</summary>
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

    private List<(string Name, IReadOnlyList<string> Types)>? Known(Func<Asked, bool> wanted)
    {
        lock (_names)
        {
            return Insides.Parameters is null || _algorithm is null
                ? null
                : _names.Where(one => wanted(one.Value)).Select(one => (one.Key, (IReadOnlyList<string>)[.. one.Value.Types])).ToList();
        }
    }

    private void Note(string name, string? type = null)
    {
        lock (_names)
        {
            var types = Of(name).Types;
            if (type is not null)
            {
                types.Add(type);
            }
        }
    }

    /// <summary>Record a read of one name, and the overload of `GetParameter`.</summary>
    /// <remarks>Only the first reads of a name record a type: that walks the stack, and a strategy may read at every bar.</remarks>
    private void NoteLook(string name)
    {
        lock (_names)
        {
            if (Of(name).Looks++ >= Looks)
            {
                return;
            }
        }
        Note(name, ParameterType.OfCaller());
    }

    private Asked Of(string name) => _names.TryGetValue(name, out var known) ? known : _names[name] = new Asked();

    private sealed class Asked
    {
        public SortedSet<string> Types { get; } = new(StringComparer.Ordinal);

        public int Looks { get; set; }
    }

    /// <summary>Parameters that report reads of one name, or of all.</summary>
    private sealed class Watched : Dictionary<string, string>, IEnumerable<KeyValuePair<string, string>>
    {
        private readonly ParameterReads _reads;

        public Watched(Dictionary<string, string> given, ParameterReads reads)
            : base(given, new Listener(reads))
        {
            _reads = reads;
            // An empty dictionary would not even hash the key.
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
        /// <summary>Whether the parameters are complete: later accesses are reads.</summary>
        public bool Filled { get; set; }

        public bool Equals(string? one, string? other) => string.Equals(one, other, StringComparison.Ordinal);

        public int GetHashCode(string name)
        {
            if (Filled)
            {
                reads.NoteLook(name);
            }
            return name.GetHashCode(StringComparison.Ordinal);
        }
    }
}

/// <summary>The types of parameters, in the protocol's words; null for any other.</summary>
internal static class ParameterType
{
    // From the dictionary's comparer to LEAN's method, with some frames of the dictionary's between.
    private const int Frames = 8;

    /// <summary>Return that of a member, by LEAN's name for its type.</summary>
    public static string? Of(string member) => member switch
    {
        nameof(Int32) or nameof(Int16) or nameof(Byte) or nameof(SByte) or nameof(UInt16) => "int",
        nameof(Decimal) => "decimal",
        nameof(Double) or nameof(Single) => "double",
        nameof(String) or nameof(Boolean) or nameof(DateTime) or nameof(TimeSpan) => "text",
        _ => null,
    };

    /// <summary>Return that of the overload of `GetParameter` that runs on this thread.</summary>
    public static string? OfCaller() =>
        new StackTrace(1, false)
            .GetFrames()
            .Take(Frames)
            .Select(frame => frame.GetMethod())
            .Where(method => method?.DeclaringType == typeof(QCAlgorithm) && method.Name == nameof(QCAlgorithm.GetParameter))
            .Select(method => Of(((System.Reflection.MethodInfo)method!).ReturnType.Name))
            .FirstOrDefault();
}
