namespace Leanopt.Harness;

/// <summary>Handles strategies that end the process, or leave threads and children behind.</summary>
/// <remarks>
/// If a strategy ends a new process, the process answers for it. After earlier backtests, it ends without an
/// answer, since an earlier one may be the cause: the client tries again with a new process.
/// </remarks>
internal sealed class Guards
{
    private const int Failed = 1;

    private readonly Channel _channel;
    private string? _asked;
    private bool _used;

    public Guards(Channel channel)
    {
        _channel = channel;
        AppDomain.CurrentDomain.UnhandledException += (_, raised) => End(Blamed(raised.ExceptionObject), Told(raised.ExceptionObject));
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
            End(Category.NoResult, $"the strategy ended the process with exit code {Environment.ExitCode}");
    }

    /// <summary>Why the harness must end, null while it may continue.</summary>
    public string? Ended { get; private set; }

    /// <summary>Run a backtest for request `id` and return its answer; if it leaves something behind, that says that it is the last.</summary>
    public string Around(string id, Func<(Result Result, string? Unrestored)> backtest, Func<Result, string?, string> answer)
    {
        _channel.RestoreStandard();
        var before = Traces.Threads();
        _asked = id;
        try
        {
            var (result, unrestored) = backtest();
            // Threads and children of a completed backtest may be a pool; those of a failed one are unknown.
            Ended = unrestored ?? (result.Failed ? Traces.Left(before) : null);
            return answer(result, Ended);
        }
        catch (Exception error) when (error is not Failure)
        {
            Ended = $"a backtest broke off: {error.Message}";
            throw;
        }
        finally
        {
            _used = true;
            _asked = null;
        }
    }

    private void End(string category, string message)
    {
        if (Interlocked.Exchange(ref _asked, null) is { } id && !_used)
        {
            _channel.Write(Answer.Error(id, new Failure(category, message), last: message));
        }
        Console.Error.WriteLine($"\nthe harness ends: {message}");
        Native.Exit(Failed);
    }

    // If a resource has run out, a retry may succeed.
    private static string Blamed(object error) =>
        error is OutOfMemoryException or InsufficientExecutionStackException ? Category.Engine : Category.Strategy;

    private static string Told(object error) =>
        error is Exception exception
            ? $"{exception.GetType().Name}: {exception.Message} (uncaught, on a thread of the strategy)"
            : "an uncaught exception";
}
