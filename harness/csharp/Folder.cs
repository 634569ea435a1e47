namespace Leanopt.Harness;

/// <summary>The current folder: gone back to after each backtest, and emptied of what that has left.</summary>
/// <remarks>Where there is something in it at the start, it is no scratch folder, and nothing is removed.</remarks>
internal sealed class Folder
{
    private readonly bool _scratch;
    private HashSet<string> _kept = [];

    /// <summary>Take the current folder; to be made before anything is loaded that may write there.</summary>
    public Folder()
    {
        Path = Directory.GetCurrentDirectory();
        _scratch = !Directory.EnumerateFileSystemEntries(Path).Any();
    }

    public string Path { get; }

    /// <summary>Make the folders that the client reads, and let stay what is there now, which is the client's.</summary>
    public void Keep(IEnumerable<string> asked)
    {
        foreach (var folder in asked)
        {
            Directory.CreateDirectory(folder);
        }
        _kept = Directory.EnumerateFileSystemEntries(Path).ToHashSet();
    }

    /// <summary>Go back and remove what is new, and `own`; return why that cannot be done, null where it is.</summary>
    public string? Restore(string own)
    {
        try
        {
            Directory.SetCurrentDirectory(Path);
            var left = Directory.EnumerateFileSystemEntries(Path).Where(entry => entry == own || (_scratch && !_kept.Contains(entry)));
            left.ToList().ForEach(Remove);
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"the current folder cannot be put back: {error.Message}";
        }
    }

    // A link goes, and what it leads to stays.
    private static void Remove(string entry)
    {
        var kind = File.GetAttributes(entry);
        if (kind.HasFlag(FileAttributes.Directory) && !kind.HasFlag(FileAttributes.ReparsePoint))
        {
            Directory.Delete(entry, recursive: true);
        }
        else
        {
            File.Delete(entry);
        }
    }
}
