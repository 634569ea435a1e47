using Newtonsoft.Json.Linq;
using QuantConnect;

namespace Leanopt.Harness;

/// <summary>Answers every line of the client, one at a time: LEAN's static state allows no more.</summary>
internal sealed class Session
{
    private static readonly string[] Abilities =
        ["config", "statistics", "read", "equity", "trades", "dates", "cash", .. WarmUp.IsKnown ? ["warmup"] : Array.Empty<string>(), "document"];

    private const int NobodyReads = 1;

    private readonly Channel _channel;
    private readonly Lean _lean;
    private readonly Guards _guards;

    public Session(Arguments arguments, Channel channel)
    {
        _channel = channel;
        _lean = new Lean(arguments);
        _guards = new Guards(channel);
    }

    /// <summary>Answer until the input ends, or something cannot be restored; return the exit code.</summary>
    public int Run()
    {
        _lean.Load();
        while (true)
        {
            string? line;
            try
            {
                line = _channel.ReadLine();
            }
            catch (Failure failure)
            {
                _channel.Write(Answer.Error(null, failure));
                continue;
            }
            if (line is null)
            {
                return 0;
            }
            if (!string.IsNullOrWhiteSpace(line) && !Answered(line))
            {
                return NobodyReads;
            }
            if (_guards.Ended is { } reason)
            {
                Console.Error.WriteLine($"\nthe harness ends: {reason}");
                return 0;
            }
        }
    }

    private bool Answered(string line)
    {
        try
        {
            _channel.Write(Respond(line));
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private string Respond(string line)
    {
        string? id = null;
        try
        {
            var request = Request.Parse(line);
            id = request.Id;
            return request.IsHello ? Answer.Complete(id, Hello(request)) : Backtest(request);
        }
        catch (Failure failure)
        {
            return Answer.Error(id, failure, _guards.Ended);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // LEAN handles exceptions of strategies: this is a fault of the harness or the machine.
            return Answer.Error(id, new Failure(Category.Engine, $"{error.GetType().Name}: {error.Message}"), _guards.Ended);
        }
    }

    private JObject Hello(Request request)
    {
        var hello = new JObject
        {
            ["protocol"] = request.Protocol(),
            ["engine"] = "lean",
            ["engine_version"] = Globals.Version,
            ["harness"] = Program.Version,
            ["abilities"] = new JArray(Abilities),
        };
        if (_lean.Notes.Count > 0)
        {
            hello["notes"] = new JArray(_lean.Notes);
        }
        if (_lean.Fault is { } fault)
        {
            hello["fault"] = new JObject { ["category"] = fault.Category, ["message"] = fault.Message };
        }
        return new JObject { ["hello"] = hello };
    }

    private string Backtest(Request request)
    {
        request.CheckOutputs();
        var config = request.Config();
        return _guards.Around(
            request.Id,
            () => (_lean.Run(config, request), _lean.Unrestored),
            (result, last) => Answer.Of(request, result, last));
    }
}
