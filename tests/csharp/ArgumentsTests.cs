using Xunit;

namespace Leanopt.Harness.Tests;

public class ArgumentsTests
{
    private static readonly string[] Needed = ["--lean", "/lean", "--strategy", "/s/a.dll", "--data", "/data"];

    [Fact]
    public void Options_may_come_in_any_order()
    {
        var arguments = Arguments.Parse(["--rolling-windows", "--config", "{}", .. Needed]);
        Assert.Equal(new Arguments("/lean", "/s/a.dll", "/data", null, "{}", true), arguments);
    }

    [Theory]
    [InlineData("--lean is missing")]
    [InlineData("--lean has no value", "--lean")]
    [InlineData("unknown option: --leen", "--leen", "/lean")]
    [InlineData("--strategy is missing", "--lean", "/lean")]
    public void What_is_wrong_is_named(string expected, params string[] words)
    {
        Assert.Equal(expected, Assert.Throws<ArgumentException>(() => Arguments.Parse(words)).Message);
    }
}
