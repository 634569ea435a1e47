using System;
using System.Globalization;
using QuantConnect;
using QuantConnect.Algorithm;
using QuantConnect.Parameters;

namespace Strategies
{
    /// <summary>Reads parameters in every way that LEAN has, and says what it got.</summary>
    public class Types : QCAlgorithm
    {
        [Parameter("member-int")]
        private int _int = -7;

        [Parameter("member-decimal")]
        private decimal _decimal = -7;

        [Parameter("member-double")]
        private double _double = -7;

        [Parameter("member-bool")]
        private bool _bool;

        [Parameter("member-long")]
        private long _long = -7;

        [Parameter("Property")]
        public string Property { get; set; } = "-7";

        public override void Initialize()
        {
            SetStartDate(2004, 1, 5);
            SetEndDate(2004, 1, 6);
            AddEquity("SPY", Resolution.Daily);
            Say("int", GetParameter("int", -7));
            Say("decimal", GetParameter("decimal", -7m));
            Say("double", GetParameter("double", -7.0));
            Say("text", GetParameter("text", "-7"));
            Say("bare", GetParameter("bare") ?? "-7");
            // The text first, then the number.
            Say("several", GetParameter("several") is null ? -7 : GetParameter("several", -7));
            Say("all", GetParameters().TryGetValue("all", out var all) ? all : "-7");
            Say("member-int", _int);
            Say("member-decimal", _decimal);
            Say("member-double", _double);
            Say("member", string.Join(" ", _bool, _long, Property));
        }

        private void Say(string name, IConvertible value) => SetRuntimeStatistic($"Read {name}", value.ToString(CultureInfo.InvariantCulture));
    }
}
