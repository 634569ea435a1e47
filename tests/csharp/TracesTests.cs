using System.Diagnostics;
using Xunit;

namespace Leanopt.Harness.Tests;

public class TracesTests
{
    [Fact]
    public void A_thread_that_was_left_is_named_and_a_child_is_killed()
    {
        var before = Traces.Threads();
        // The test itself is a task of the pool's.
        Assert.Contains(Traces.Left(before), new[] { null, "a failed backtest left a task" });
        using var go = new ManualResetEventSlim();
        var thread = new Thread(() => go.Wait()) { Name = "left over", IsBackground = true };
        thread.Start();
        Assert.Contains("left over", Traces.Left(before), StringComparison.Ordinal);
        go.Set();
        thread.Join();
        using var child = Process.Start("sleep", "600");
        Assert.Contains("child processes", Traces.Left(before), StringComparison.Ordinal);
        child.WaitForExit();
        Assert.NotEqual(0, child.ExitCode);
    }
}
