namespace Leanopt.Harness;

/// <summary>Finds threads and child processes that a backtest left.</summary>
internal static class Traces
{
    private const string Tasks = "/proc/self/task";
    private const string LongRunning = ".NET Long";
    private const int Killed = 9;
    private const int Looks = 20;
    private const int Pause = 25;

    // .NET's own, whose number varies, and the one that feeds data to all backtests.
    private static readonly string[] Expected = [".NET ", "WeightedWork", "dotnet-"];

    /// <summary>Return the ids of this process's threads.</summary>
    public static HashSet<string> Threads() => Directory.EnumerateDirectories(Tasks).Select(Path.GetFileName).OfType<string>().ToHashSet();

    /// <summary>Kill child processes; return what was left since `before`, or null.</summary>
    public static string? Left(HashSet<string> before)
    {
        var now = Threads();
        var children = now.SelectMany(Children).ToList();
        children.ForEach(child => Native.Kill(child, Killed));
        if (children.Count > 0)
        {
            return "a failed backtest left child processes";
        }
        var threads = Strange(before);
        for (var look = 0; (threads.Count > 0 || IsPoolBusy()) && look < Looks; look++)
        {
            // LEAN's own may be about to end.
            Thread.Sleep(Pause);
            threads = Strange(before);
        }
        if (threads.Count == 0 && IsPoolBusy())
        {
            return "a failed backtest left a task";
        }
        return threads.Count > 0 ? $"a failed backtest left threads: {string.Join(", ", threads)}" : null;
    }

    private static List<string> Strange(HashSet<string> before) =>
        Threads().Where(thread => !before.Contains(thread)).Select(NameOf).Where(IsStrange).ToList();

    private static bool IsStrange(string name) =>
        name.StartsWith(LongRunning, StringComparison.Ordinal)
        || (name.Length > 0 && !Expected.Any(known => name.StartsWith(known, StringComparison.Ordinal)));

    /// <summary>Return whether a thread of .NET's pool is running.</summary>
    private static bool IsPoolBusy()
    {
        ThreadPool.GetMaxThreads(out var most, out _);
        ThreadPool.GetAvailableThreads(out var free, out _);
        return most > free;
    }

    private static string NameOf(string thread) => Text(thread, "comm");

    private static IEnumerable<int> Children(string thread) =>
        Text(thread, "children").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse);

    // A thread may end meanwhile.
    private static string Text(string thread, string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(Tasks, thread, file)).Trim();
        }
        catch (IOException)
        {
            return "";
        }
    }
}
