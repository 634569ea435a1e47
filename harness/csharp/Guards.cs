namespace Leanopt.Harness;

/// <summary>Watches what strategies do to the process: they end it, or leave something behind.</summary>
/// <remarks>
/// A fresh process answers for a strategy that ends it. One that has run backtests before ends
/// without an answer, for an earlier one may be to blame: the client asks a fresh process.
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

    /// <summary>Why the harness must end, null while it may go on.</summary>
    public string? Ended { get; private set; }

    /// <summary>Run a backtest for request `id`; what it leaves behind may end the harness after its answer.</summary>
    public string Around(string id, Func<(string Answer, bool Failed, string? Unrestored)> backtest)
    {
        _channel.RestoreStandard();
        var before = Traces.Threads();
        _asked = id;
        try
        {
            var (answer, failed, unrestored) = backtest();
            // Threads and children of one that completed may be a pool; of one that failed, nobody knows.
            Ended = unrestored ?? (failed ? Traces.Left(before) : null);
            return answer;
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
            _channel.Write(Answer.Error(id, new Failure(category, message)));
        }
        Console.Error.WriteLine($"\nthe harness ends: {message}");
        Native.Exit(Failed);
    }

    // Where something has run out, another attempt may do better.
    private static string Blamed(object error) =>
        error is OutOfMemoryException or InsufficientExecutionStackException ? Category.Engine : Category.Strategy;

    private static string Told(object error) =>
        error is Exception exception
            ? $"{exception.GetType().Name}: {exception.Message} (not caught, on a thread of the strategy's own)"
            : "an exception that nobody caught";
}
