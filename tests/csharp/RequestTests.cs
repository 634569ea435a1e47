using Xunit;

namespace Leanopt.Harness.Tests;

public class RequestTests
{
    [Fact]
    public void A_request_has_a_configuration_a_scenario_and_outputs()
    {
        var request = Request.Parse("""
            {"id": "7", "config": {"algorithm-id": "a", "since": "2004-01-02T00:00:00"}, "outputs": ["equity"],
             "scenario": {"name": "x", "symbol": "SPY", "start": "2004-01-02", "end": null, "cash": 250000.50, "warmup": 60}}
            """.ReplaceLineEndings(" "));
        request.CheckOutputs();
        Assert.Equal("7", request.Id);
        Assert.Equal("2004-01-02T00:00:00", (string?)request.Config()["since"]);
        Assert.Equal(new Scenario(new DateTime(2004, 1, 2), null, 250000.50m, TimeSpan.FromDays(60)), request.Scenario());
        Assert.True(request.Wants("equity"));
        Assert.False(request.Wants("document"));
    }

    [Fact]
    public void Without_a_scenario_nothing_is_told()
    {
        Assert.Equal(new Scenario(null, null, null, null), Request.Parse("""{"id": "7", "config": {}}""").Scenario());
    }

    [Theory]
    [InlineData("[1]", "the line is not a JSON object")]
    [InlineData("{\"id\": 3}", "\"id\" is not a string")]
    [InlineData("{}", "\"id\" is not a string")]
    public void A_line_that_is_no_request_is_an_engine_error(string line, string expected)
    {
        Refused(expected, () => Request.Parse(line));
    }

    [Fact]
    public void A_line_that_is_no_json_is_an_engine_error()
    {
        var failure = Assert.Throws<Failure>(() => Request.Parse("{\"id\": "));
        Assert.StartsWith("the line is not JSON: ", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"optimize\": {}", "unknown request: expected hello, config or config_path")]
    [InlineData("\"config\": []", "the config is not a JSON object")]
    [InlineData("\"config_path\": 3", "\"config_path\" is not a string")]
    public void What_holds_no_configuration_is_refused(string members, string expected)
    {
        Refused(expected, () => Asked(members).Config());
    }

    [Theory]
    [InlineData("\"outputs\": [\"equity\", \"orders\"]", "unknown output \"orders\": expected document, equity, trades")]
    [InlineData("\"outputs\": \"equity\"", "\"outputs\" is not a list of strings")]
    [InlineData("\"outputs\": [3]", "\"outputs\" is not a list of strings")]
    public void Unknown_outputs_are_refused(string members, string expected)
    {
        Refused(expected, () => Asked(members).CheckOutputs());
    }

    [Theory]
    [InlineData("\"start\": \"01/02/2004\"", "scenario.start is 01/02/2004: expected a day, as 2004-01-02")]
    [InlineData("\"end\": 20040102", "scenario.end is 20040102: expected a day, as 2004-01-02")]
    [InlineData("\"cash\": \"much\"", "scenario.cash is much: expected a number")]
    [InlineData("\"warmup\": -1", "scenario.warmup is -1: expected a whole number of days")]
    [InlineData("\"warmup\": 1.5", "scenario.warmup is 1.5: expected a whole number of days")]
    [InlineData("\"warmup\": \"60d\"", "scenario.warmup is 60d: expected a whole number of days")]
    public void A_scenario_that_makes_no_sense_is_refused(string members, string expected)
    {
        Refused(expected, () => Asked($"\"scenario\": {{{members}}}").Scenario());
    }

    [Theory]
    [InlineData("{\"protocol\": 1}")]
    [InlineData("{\"protocol\": 99, \"client\": \"later\"}")]
    public void The_older_protocol_is_spoken(string hello)
    {
        Assert.Equal(1, Asked($"\"hello\": {hello}").Protocol());
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"protocol\": 0}")]
    [InlineData("{\"protocol\": \"1\"}")]
    [InlineData("3")]
    public void A_hello_without_a_protocol_is_refused(string hello)
    {
        Refused("\"hello\" has no \"protocol\" that is an integer from 1", () => Asked($"\"hello\": {hello}").Protocol());
    }

    [Fact]
    public void A_configuration_may_lie_in_a_file()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, """{"algorithm-id": "a"} // LEAN's files have comments""");
        Assert.Equal("a", (string?)Asked($"\"config_path\": \"{file}\"").Config()["algorithm-id"]);
        File.Delete(file);
        Assert.StartsWith(file, Assert.Throws<Failure>(() => Asked($"\"config_path\": \"{file}\"").Config()).Message, StringComparison.Ordinal);
    }

    private static Request Asked(string members) => Request.Parse($"{{\"id\": \"1\", {members}}}");

    private static void Refused(string expected, Action act)
    {
        var failure = Assert.Throws<Failure>(act);
        Assert.Equal(Category.Engine, failure.Category);
        Assert.Equal(expected, failure.Message);
    }
}
