using System.Globalization;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace Leanopt.Harness;

/// <summary>One line of the client, parsed as far as possible.</summary>
internal sealed class Request
{
    private const long MostDays = 36_600;
    private static readonly string[] Outputs = ["document", "equity", "trades"];
    private static readonly JsonSerializerSettings Plain = new()
    {
        DateParseHandling = DateParseHandling.None,
        FloatParseHandling = FloatParseHandling.Decimal,
        MaxDepth = 64,
    };

    private Request(JObject members) => Members = members;

    private JObject Members { get; }

    /// <summary>The request's id, which its answer repeats.</summary>
    public string Id => (string)Members["id"]!;

    /// <summary>Whether the client greets.</summary>
    public bool IsHello => Members.ContainsKey("hello");

    /// <summary>Return the request that a line holds.</summary>
    /// <exception cref="Failure">It is not a JSON object with a string as id.</exception>
    public static Request Parse(string line)
    {
        try
        {
            if (JsonConvert.DeserializeObject<JToken>(line, Plain) is not JObject members)
            {
                throw new Failure(Category.Engine, "the line is not a JSON object");
            }
            return members["id"]?.Type == JTokenType.String
                ? new Request(members)
                : throw new Failure(Category.Engine, "\"id\" is not a string");
        }
        catch (JsonException error)
        {
            throw new Failure(Category.Engine, $"the line is not JSON: {error.Message}");
        }
    }

    /// <summary>Return the newest protocol that both sides speak.</summary>
    /// <exception cref="Failure">The hello names no protocol.</exception>
    public int Protocol()
    {
        var said = (Members["hello"] as JObject)?["protocol"];
        return said?.Type == JTokenType.Integer && (long)said >= 1
            ? 1
            : throw new Failure(Category.Engine, "\"hello\" has no \"protocol\" that is an integer from 1");
    }

    /// <summary>Return LEAN's configuration: in the request, or in the file that it names.</summary>
    /// <exception cref="Failure">It is missing, or not a JSON object.</exception>
    public JObject Config()
    {
        if (Members["config"] is { } given)
        {
            return given as JObject ?? throw new Failure(Category.Engine, "the config is not a JSON object");
        }
        if (Members["config_path"] is not { } path)
        {
            throw new Failure(Category.Engine, "unknown request: expected hello, config or config_path");
        }
        return path.Type == JTokenType.String
            ? FromFile((string)path!)
            : throw new Failure(Category.Engine, "\"config_path\" is not a string");
    }

    /// <summary>Return whether the answer must carry an output.</summary>
    public bool Wants(string output) => Wanted().Contains(output);

    /// <summary>Check the outputs that the request names besides the statistics.</summary>
    /// <exception cref="Failure">It names an output that this harness does not know.</exception>
    public void CheckOutputs()
    {
        if (Wanted().FirstOrDefault(name => !Outputs.Contains(name)) is { } unknown)
        {
            throw new Failure(Category.Engine, $"unknown output \"{unknown}\": expected {string.Join(", ", Outputs)}");
        }
    }

    /// <summary>Return the scenario's dates, cash and warm-up, null if the request gives none.</summary>
    public Scenario Scenario()
    {
        var given = Members["scenario"] as JObject;
        return new Scenario(Day(given, "start"), Day(given, "end"), Cash(given), WarmUp(given));
    }

    private List<string> Wanted() => Members["outputs"] switch
    {
        null or { Type: JTokenType.Null } => [],
        JArray names when names.All(name => name.Type == JTokenType.String) => names.Select(name => (string)name!).ToList(),
        _ => throw new Failure(Category.Engine, "\"outputs\" is not a list of strings"),
    };

    private static JObject FromFile(string path)
    {
        try
        {
            return JsonConvert.DeserializeObject<JToken>(File.ReadAllText(path), Plain) as JObject
                ?? throw new Failure(Category.Engine, $"{path} does not hold a JSON object");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new Failure(Category.Engine, $"{path}: {error.Message}");
        }
    }

    private static DateTime? Day(JObject? given, string name)
    {
        if (given?[name] is not { Type: not JTokenType.Null } value)
        {
            return null;
        }
        return DateTime.TryParseExact(value.ToString(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            ? day
            : throw new Failure(Category.Engine, $"scenario.{name} is {value}: expected a day, as 2004-01-02");
    }

    private static TimeSpan? WarmUp(JObject? given)
    {
        if (given?["warmup"] is not { Type: not JTokenType.Null } value)
        {
            return null;
        }
        return value.Type == JTokenType.Integer && (long)value is >= 0 and <= MostDays
            ? TimeSpan.FromDays((long)value)
            : throw new Failure(Category.Engine, $"scenario.warmup is {value}: expected a whole number of days");
    }

    private static decimal? Cash(JObject? given)
    {
        if (given?["cash"] is not { Type: not JTokenType.Null } value)
        {
            return null;
        }
        // With all its digits; a client may send a string if JSON numbers have too few.
        return decimal.TryParse(value.ToString(Formatting.None).Trim('"'), NumberStyles.Float, CultureInfo.InvariantCulture, out var cash)
            ? cash
            : throw new Failure(Category.Engine, $"scenario.cash is {value}: expected a number");
    }
}

/// <summary>The dates, cash and warm-up of a backtest, applied after the strategy's `Initialize`.</summary>
internal sealed record Scenario(DateTime? Start, DateTime? End, decimal? Cash, TimeSpan? WarmUp);
