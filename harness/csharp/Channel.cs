using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Leanopt.Harness;

/// <summary>The connection to the client, out of reach of strategies' input and output.</summary>
/// <remarks>
/// The client's pipes move to descriptors above 100. They are replaced by an empty input, and
/// standard error for everything that LEAN, a strategy, Python or native code prints.
/// </remarks>
internal sealed class Channel : IDisposable
{
    private const int Above = 100;
    private const int LongestLine = 64 * 1024 * 1024;

    private readonly FileStream _input;
    private readonly FileStream _output;
    private readonly int _errors;
    private readonly int _empty;
    private readonly byte[] _read = new byte[1 << 16];
    private int _next;
    private int _end;

    private Channel(int input, int output, int errors, int empty)
    {
        _input = new FileStream(new SafeFileHandle(input, ownsHandle: true), FileAccess.Read, bufferSize: 0);
        _output = new FileStream(new SafeFileHandle(output, ownsHandle: true), FileAccess.Write, bufferSize: 0);
        _errors = errors;
        _empty = empty;
    }

    /// <summary>Take the client's pipes away from descriptors 0 and 1.</summary>
    public static Channel TakeOver()
    {
        var moved = new[] { 0, 1, 2 }.Select(one => Native.Control(one, Native.DuplicateAbove, Above)).ToArray();
        var empty = Native.Control(Native.Open("/dev/null", Native.ReadOnly), Native.DuplicateAbove, Above);
        if (moved.Append(empty).Any(descriptor => descriptor < 0))
        {
            throw new InvalidOperationException($"descriptors above {Above} cannot be had: raise the limit of open files (ulimit -n)");
        }
        var channel = new Channel(moved[0], moved[1], moved[2], empty);
        channel.RestoreStandard();
        return channel;
    }

    /// <summary>Restore descriptors 0 to 2 after a strategy.</summary>
    public void RestoreStandard()
    {
        Native.Duplicate(_empty, 0);
        Native.Duplicate(_errors, 1);
        Native.Duplicate(_errors, 2);
    }

    /// <summary>Return the next line without its end, null at the end of the input.</summary>
    /// <exception cref="Failure">The line is longer than 64 MiB; reading continues after it.</exception>
    public string? ReadLine()
    {
        using var line = new MemoryStream();
        var tooLong = false;
        while (_next < _end || Fill())
        {
            var at = Array.IndexOf(_read, (byte)'\n', _next, _end - _next);
            var until = at < 0 ? _end : at;
            tooLong |= line.Length + until - _next > LongestLine;
            if (!tooLong)
            {
                line.Write(_read, _next, until - _next);
            }
            _next = at < 0 ? _end : at + 1;
            if (at >= 0)
            {
                return tooLong ? throw new Failure(Category.Engine, "the line is longer than 64 MiB") : Text(line);
            }
        }
        return line.Length > 0 ? Text(line) : null;
    }

    /// <summary>Send one answer.</summary>
    public void Write(string answer)
    {
        lock (_output)
        {
            _output.Write(Encoding.UTF8.GetBytes(answer + "\n"));
        }
    }

    public void Dispose()
    {
        _input.Dispose();
        _output.Dispose();
    }

    private static string Text(MemoryStream line) => Encoding.UTF8.GetString(line.GetBuffer(), 0, (int)line.Length);

    private bool Fill()
    {
        _next = 0;
        _end = _input.Read(_read);
        return _end > 0;
    }
}
