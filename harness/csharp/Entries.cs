using System.Collections;

namespace Leanopt.Harness;

/// <summary>Remembers the entries of one of LEAN's databases, to which strategies can add.</summary>
internal sealed class Entries
{
    private readonly Func<object> _database;
    private readonly Action _reload;
    private object _known;
    private List<DictionaryEntry> _entries;

    /// <summary>Remember what `database` returns now; `reload` makes LEAN read it again.</summary>
    public Entries(Func<object> database, Action reload)
    {
        _database = database;
        _reload = reload;
        _known = database();
        _entries = Listed(_known);
    }

    /// <summary>Restore the entries if a strategy has set one; return whether it had, besides LEAN's own.</summary>
    public bool Restore()
    {
        var database = _database();
        if (ReferenceEquals(database, _known)
            && Insides.Property(database, "CustomEntries") is IEnumerable custom
            && Insides.Property(database, "Entries") is IDictionary entries)
        {
            var set = custom.Cast<object>().Select(key => key.ToString()!).ToList();
            if (set.Count > 0 || entries.Count != _entries.Count)
            {
                entries.Clear();
                _entries.ForEach(one => entries.Add(one.Key, one.Value));
                custom.GetType().GetMethod("Clear")!.Invoke(custom, null);
            }
            // LEAN sets one itself for the universe of securities that a strategy adds.
            return set.Any(key => !key.Contains("QC-UNIVERSE", StringComparison.Ordinal));
        }
        // A strategy has replaced it, or this LEAN does not report what was set.
        _reload();
        _known = _database();
        _entries = Listed(_known);
        return true;
    }

    private static List<DictionaryEntry> Listed(object database) =>
        Insides.Property(database, "Entries") is IDictionary entries
            ? entries.Keys.Cast<object>().Select(key => new DictionaryEntry(key, entries[key])).ToList()
            : [];
}
