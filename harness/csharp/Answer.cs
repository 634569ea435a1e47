using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;
using Newtonsoft.Json.Serialization;
using QuantConnect;

namespace Leanopt.Harness;

/// <summary>How a backtest ended.</summary>
internal sealed record Result(
    Results Results, IEnumerable<string> Missing, IReadOnlyCollection<string> Errors, ParameterReads Reads, TimeSpan Time)
{
    private const string CompletedState = "Completed";

    public string Status => Results.Final.GetValueOrDefault("Status", "");

    public string Error => Results.Final.GetValueOrDefault("RuntimeError", "");

    public bool Failed => Status != CompletedState || Error.Length > 0;
}

/// <summary>Makes answers: the members of LEAN's document, on one line.</summary>
internal static class Answer
{
    private const int Longest = 128 * 1024 * 1024;

    private static readonly JsonSerializer AsLean = JsonSerializer.Create(new JsonSerializerSettings
    {
        ContractResolver = new DefaultContractResolver
        {
            NamingStrategy = new CamelCaseNamingStrategy { ProcessDictionaryKeys = false, OverrideSpecifiedNames = true },
        },
    });

    public static string Complete(string id, JObject members) => Line(id, "complete", members);

    /// <summary>Return the answer for a failure; with `last`, the harness ends after it for this reason.</summary>
    public static string Error(string? id, Failure failure, string? last = null) =>
        Line(id, "error", new JObject { ["category"] = failure.Category, ["message"] = failure.Message }, last);

    /// <summary>Return the answer to a request for a backtest; `last` as for `Error`.</summary>
    public static string Of(Request request, Result result, string? last)
    {
        var results = result.Results;
        var members = new JObject
        {
            ["seconds"] = Math.Round(result.Time.TotalSeconds, 6),
            ["state"] = JObject.FromObject(results.Final),
            ["missing"] = new JArray(result.Missing),
            ["errors"] = new JArray(result.Errors),
            ["orders"] = results.Orders,
            ["order_hash"] = results.OrderHash,
        };
        if (result.Reads.Names is { } names)
        {
            members["read"] = new JArray(names);
            members["read_types"] = Types(result.Reads.Types ?? []);
        }
        if (result.Failed)
        {
            members["category"] = result.Error.Length > 0 || result.Status == "RuntimeError" ? Category.Strategy : Category.NoResult;
            members["message"] = result.Error.Length > 0 ? result.Error : $"LEAN ended with the status '{result.Status}', expected 'Completed'";
            return Line(request.Id, "error", members, last);
        }
        Put(members, result, request);
        return Line(request.Id, "complete", members, last);
    }

    private static void Put(JObject members, Result result, Request request)
    {
        var results = result.Results;
        members["statistics"] = JObject.FromObject(results.Statistics ?? new Dictionary<string, string>());
        members["runtimeStatistics"] = JObject.FromObject(results.Runtime ?? new Dictionary<string, string>());
        if (results.Performance is { } performance)
        {
            members["totalPerformance"] = new JObject
            {
                ["tradeStatistics"] = JObject.FromObject(performance.TradeStatistics, AsLean),
                ["portfolioStatistics"] = JObject.FromObject(performance.PortfolioStatistics, AsLean),
            };
        }
        if (request.Wants("equity"))
        {
            members["equity"] = Equity(results.Equity());
        }
        if (request.Wants("trades"))
        {
            members["trades"] = new JArray(results.Performance?.ClosedTrades.OrderBy(one => one.ExitTime).Select(one => Row(one, results.Tag(one))) ?? []);
        }
    }

    // One type is a name, several are a list.
    private static JObject Types(IEnumerable<(string Name, IReadOnlyList<string> Types)> asked) =>
        new(asked.Select(one => new JProperty(one.Name, one.Types.Count == 1 ? one.Types[0] : new JArray(one.Types))));

    private static JObject Equity(IReadOnlyList<ISeriesPoint> points)
    {
        var times = new long[points.Count];
        var values = new double[points.Count];
        for (var at = 0; at < points.Count; at++)
        {
            times[at] = Seconds(points[at].Time);
            values[at] = Number((points[at] as Candlestick)?.Close ?? (points[at] as ChartPoint)?.y ?? 0);
        }
        return new JObject { ["times"] = Packed(times), ["values"] = Packed(values) };
    }

    private static JArray Row(QuantConnect.Statistics.Trade trade, string? tag) =>
        new(
            Seconds(trade.EntryTime),
            trade.EntryPrice,
            Math.Abs(trade.Quantity),
            trade.Direction == QuantConnect.Statistics.TradeDirection.Long ? 1 : -1,
            Seconds(trade.ExitTime),
            trade.ExitPrice,
            trade.ProfitLoss,
            trade.TotalFees,
            trade.MAE,
            trade.MFE,
            new JValue(tag));

    private static long Seconds(DateTime time) => (time.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerSecond;

    // As parsed from the document's digits: a cast can differ in the last bit.
    private static double Number(decimal value) =>
        double.Parse(value.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static string Packed<T>(T[] column)
        where T : struct => Convert.ToBase64String(MemoryMarshal.AsBytes(column.AsSpan()));

    private static string Line(string? id, string status, JObject members, string? last = null)
    {
        if (last is not null)
        {
            members["last"] = last;
        }
        members.AddFirst(new JProperty("status", status));
        members.AddFirst(new JProperty("id", id));
        var line = members.ToString(Formatting.None);
        return Encoding.UTF8.GetByteCount(line) < Longest
            ? line
            : Error(id, new Failure(Category.NoResult, "the answer is longer than 128 MiB"), last);
    }
}
