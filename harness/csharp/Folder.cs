namespace Leanopt.Harness;

/// <summary>Restores the current folder after each backtest, and removes the files left in it.</summary>
/// <remarks>
/// LEAN's current folder is usually its own, which may be another user's or read-only, but LEAN writes there
/// (`./cache/data`). So it gets a folder below the scratch folder, with links to its own files. If the current
/// folder is not empty at the start, it is not a scratch folder, and nothing is made or removed.
/// </remarks>
internal sealed class Folder
{
    // LEAN's folder of downloads.
    private const string Cache = "cache";

    private readonly string _outer = Directory.GetCurrentDirectory();
    private readonly bool _scratch;
    private readonly Dictionary<string, string> _links = [];
    private HashSet<string> _kept = [];

    /// <summary>Prepare the current folder for the LEAN in `lean`; call it before loading anything that may write there.</summary>
    public Folder(string lean)
    {
        _scratch = !Directory.EnumerateFileSystemEntries(_outer).Any();
        Path = _scratch ? System.IO.Path.Combine(_outer, "current") : _outer;
        if (_scratch)
        {
            Directory.CreateDirectory(Path);
            _links = Directory
                .EnumerateFileSystemEntries(lean)
                .Where(entry => System.IO.Path.GetFileName(entry) != Cache)
                .ToDictionary(entry => System.IO.Path.Combine(Path, System.IO.Path.GetFileName(entry)));
            Link(_links.Keys);
            Directory.SetCurrentDirectory(Path);
        }
    }

    public string Path { get; }

    /// <summary>Make the folders that the client reads, and keep the files that are there now, the client's.</summary>
    public void Keep(IEnumerable<string> asked)
    {
        foreach (var folder in asked)
        {
            Directory.CreateDirectory(folder);
        }
        _kept = Directory.EnumerateFileSystemEntries(_outer).ToHashSet();
    }

    /// <summary>Change back, remove new files and `own`; return why that failed, null if it worked.</summary>
    public string? Restore(string own)
    {
        try
        {
            Directory.SetCurrentDirectory(Path);
            Directory.EnumerateFileSystemEntries(_outer).Where(entry => _scratch && !_kept.Contains(entry)).ToList().ForEach(Remove);
            if (System.IO.Path.Exists(own))
            {
                Remove(own);
            }
            if (_scratch)
            {
                RestoreLinks();
            }
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"the current folder cannot be restored: {error.Message}";
        }
    }

    private void RestoreLinks()
    {
        var there = new DirectoryInfo(Path).EnumerateFileSystemInfos().ToList();
        var sound = there
            .Where(one => one.Attributes.HasFlag(FileAttributes.ReparsePoint) && _links.ContainsKey(one.FullName))
            .Select(one => one.FullName)
            .ToHashSet();
        there.Select(one => one.FullName).Where(entry => !sound.Contains(entry)).ToList().ForEach(Remove);
        Link(_links.Keys.Where(link => !sound.Contains(link)));
    }

    private void Link(IEnumerable<string> links)
    {
        foreach (var link in links)
        {
            File.CreateSymbolicLink(link, _links[link]);
        }
    }

    // Remove a link, not its target.
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
