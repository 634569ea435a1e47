using System;
using QuantConnect;
using QuantConnect.Algorithm;
using QuantConnect.Parameters;

namespace Strategies
{
    /// Asks for a parameter in each way that there is; its runtime statistics tell what it was given.
    public class Asks : QCAlgorithm
    {
        [Parameter("member-int")] public int MemberInt = -1;
        [Parameter("member-long")] public long MemberLong = -1;
        [Parameter("member-byte")] public byte MemberByte = 7;
        [Parameter("member-nullable")] public int? MemberNullable = -1;
        [Parameter("member-decimal")] public decimal MemberDecimal = -1;
        [Parameter("member-double")] public double MemberDouble = -1;
        [Parameter("member-bool")] public bool MemberBool = false;
        [Parameter("member-string")] public string MemberString = "";
        [Parameter("last")] public int Last { get; set; } = -1;

        public override void Initialize()
        {
            SetStartDate(2013, 10, 7);
            SetEndDate(2013, 10, 8);
            void Tell(string name, Func<object> ask)
            {
                object given;
                try { given = ask(); }
                catch (Exception error) { given = error.GetType().Name; }
                SetRuntimeStatistic(name, FormattableString.Invariant($"{given}"));
            }
            Tell("member-int", () => MemberInt);
            Tell("member-long", () => MemberLong);
            Tell("member-byte", () => MemberByte);
            Tell("member-nullable", () => MemberNullable);
            Tell("member-decimal", () => MemberDecimal);
            Tell("member-double", () => MemberDouble);
            Tell("member-bool", () => MemberBool);
            Tell("member-string", () => MemberString);
            Tell("last", () => Last);
            Tell("int", () => GetParameter("int", -1));
            Tell("double", () => GetParameter("double", -1.0));
            Tell("float", () => GetParameter("float", -1f));
            Tell("decimal", () => GetParameter("decimal", -1m));
            Tell("string", () => GetParameter("string", ""));
            Tell("none", () => GetParameter("none"));
            Tell("parsed", () => int.Parse(GetParameter("parsed")));
            Tell("converted", () => Convert.ToInt32(GetParameter("converted")));
            Tell("digits", () => GetParameter("digits").ToInt32());
            Tell("generic", () => GetParameter("generic").ConvertInvariant<int>());
            Tell("cut", () => (int)GetParameter("cut", -1.0));
            Tell("boolean", () => bool.Parse(GetParameter("boolean")));
        }
    }
}
