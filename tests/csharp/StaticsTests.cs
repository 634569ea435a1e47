using System.Text.RegularExpressions;
using Xunit;

namespace Leanopt.Harness.Tests;

public class StaticsTests
{
    [Fact]
    public void What_can_change_is_found_and_what_cannot_is_not()
    {
        var found = Statics.Mutable([typeof(StaticsTests).Assembly]).Where(name => name.StartsWith("Holder", StringComparison.Ordinal));
        Assert.Equal(
            [
                "Holder.Boxed", "Holder.Calls", "Holder.Counted", "Holder.Index", "Holder.List", "Holder.Pair",
                "HolderOf`1.Last", "HolderInner.Deep",
            ],
            found);
    }

#pragma warning disable CS0169, CS0414, IDE0044, IDE0051, CA1823, CA2211, CS0649
    private static class Holder
    {
        public const int Constant = 3;
        public static readonly string Text = "a";
        public static readonly decimal? Number = 1m;
        public static readonly (int, DateTime) Value = (1, DateTime.MinValue);
        public static readonly Regex Pattern = new("a");
        public static readonly Type Kind = typeof(int);
        public static readonly object Boxed = 1;
        public static readonly Func<int, int> Calls = x => x + 1;
        public static int Counted;
        public static readonly int[] Index = [];
        public static readonly List<int> List = [];
        public static readonly (int, List<int>) Pair = (1, []);

        public static int Sum(int[] numbers) => numbers.Select(number => number * 2).Where(IsEven).Sum();

        private static bool IsEven(int number) => number % 2 == 0;
    }

    private static class HolderOf<T>
    {
        public static T? Last { get; set; }
    }

    private static class Outer
    {
        public static class HolderInner
        {
            internal static int Deep;
        }
    }
#pragma warning restore
}
