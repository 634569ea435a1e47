namespace Leanopt.Harness;

/// <summary>The current folder: gone back to after each backtest, and emptied of what that has left.</summary>
/// <remarks>Where there is something in it at the start, it is no scratch folder, and nothing is removed.</remarks>
internal sealed class Folder
{
    private readonly bool _scratch;
    private HashSet<string> _kept = [];

    public Folder()
    {
        Path = Directory.GetCurrentDirectory();
        _scratch = !Directory.EnumerateFileSystemEntries(Path).Any();
    }

    public string Path { get; }

    /// <summary>Let stay what is there now, which is the client's, and the folders of `asked`, where it reads.</summary>
    public void Keep(IEnumerable<string> asked)
    {
        var inside = asked.Select(path => System.IO.Path.GetRelativePath(Path, path).Split('/')[0]);
        _kept = Directory.EnumerateFileSystemEntries(Path).Concat(inside.Select(name => System.IO.Path.Combine(Path, name))).ToHashSet();
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
