using Xunit;

namespace Leanopt.Harness.Tests;

public sealed class FolderTests : IDisposable
{
    private readonly string _before = Directory.GetCurrentDirectory();
    private readonly string _root = Directory.CreateTempSubdirectory("leanopt-folder-").FullName;
    private readonly string _lean;
    private readonly string _scratch;

    public FolderTests()
    {
        _lean = Path.Combine(_root, "lean");
        _scratch = Path.Combine(_root, "scratch");
        Directory.CreateDirectory(Path.Combine(_lean, "cache"));
        Directory.CreateDirectory(Path.Combine(_lean, "Risk"));
        File.WriteAllText(Path.Combine(_lean, "AlgorithmImports.py"), "LEAN's");
        Directory.CreateDirectory(_scratch);
        Directory.SetCurrentDirectory(_scratch);
    }

    public void Dispose()
    {
        Directory.SetCurrentDirectory(_before);
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public void Below_scratch_LEAN_finds_what_lies_in_its_own_folder_and_may_write()
    {
        var folder = new Folder(_lean);
        Assert.Equal(Path.Combine(_scratch, "current"), folder.Path);
        Assert.Equal("LEAN's", File.ReadAllText("AlgorithmImports.py"));
        Assert.True(Directory.Exists("Risk"));
        Directory.CreateDirectory("./cache/data");
        Assert.False(Directory.Exists(Path.Combine(_lean, "cache", "data")));
    }

    [Fact]
    public void What_a_backtest_changed_is_put_back_and_what_the_client_made_stays()
    {
        var folder = new Folder(_lean);
        var asked = Path.Combine(_scratch, "results");
        folder.Keep([asked]);
        Directory.CreateDirectory("cache/data");
        File.WriteAllText(Path.Combine(_scratch, "left"), "");
        File.Delete("AlgorithmImports.py");
        File.WriteAllText("AlgorithmImports.py", "the strategy's");
        File.Delete("Risk");
        var own = Path.Combine(folder.Path, "own");
        Directory.CreateDirectory(own);
        Directory.SetCurrentDirectory(_root);
        Assert.Null(folder.Restore(own));
        Assert.Equal("LEAN's", File.ReadAllText("AlgorithmImports.py"));
        Assert.True(Directory.Exists("Risk"));
        Assert.Equal(["AlgorithmImports.py", "Risk"], Directory.EnumerateFileSystemEntries(".").Select(Path.GetFileName).Order());
        Assert.Equal(["current", "results"], Directory.EnumerateFileSystemEntries(_scratch).Select(Path.GetFileName).Order());
        Assert.Equal("LEAN's", File.ReadAllText(Path.Combine(_lean, "AlgorithmImports.py")));
    }

    [Fact]
    public void A_folder_with_something_in_it_is_no_scratch_folder()
    {
        File.WriteAllText("mine", "");
        var folder = new Folder(_lean);
        Assert.Equal(_scratch, folder.Path);
        folder.Keep([]);
        File.WriteAllText("left", "");
        var own = Path.Combine(_scratch, "own");
        Directory.CreateDirectory(own);
        Assert.Null(folder.Restore(own));
        Assert.Equal(["left", "mine"], Directory.EnumerateFileSystemEntries(".").Select(Path.GetFileName).Order());
    }
}
