using System;
using QuantConnect;
using QuantConnect.Algorithm;
using QuantConnect.Data;
using QuantConnect.Indicators;
using QuantConnect.Parameters;

namespace Strategies
{
    /// <summary>Holds while the fast average is above the slow one; has faults that can be asked for.</summary>
    public class Bands : QCAlgorithm
    {
        [Parameter("slow")]
        public int Slow = 40;

        private ExponentialMovingAverage _fast, _slow;
        private Symbol _symbol;
        private string _fault;

        public override void Initialize()
        {
            SetStartDate(DateTime.Parse(GetParameter("from", "2004-01-01")));
            SetEndDate(DateTime.Parse(GetParameter("until", "2005-12-30")));
            SetCash(GetParameter("money", 100_000m));
            var resolution = Enum.Parse<Resolution>(GetParameter("resolution", "Daily"));
            _symbol = AddEquity(GetParameter("ticker", "SPY"), resolution).Symbol;
            _fault = GetParameter("fault", "");
            if (_fault == "initialize")
            {
                throw new InvalidOperationException("planted: Initialize throws");
            }
            _fast = EMA(_symbol, GetParameter("fast", 10), resolution);
            _slow = EMA(_symbol, Slow, resolution);
            var warm = GetParameter("warm", "slow");
            if (warm == "slow")
            {
                SetWarmUp(Slow, resolution);
            }
            else if (warm != "none")
            {
                SetWarmUp(TimeSpan.FromDays(int.Parse(warm)), resolution);
            }
        }

        public override void OnData(Slice data)
        {
            if (_fault == "runtime" && Time > StartDate.AddDays(200))
            {
                throw new DivideByZeroException("planted: OnData throws");
            }
            if (_fault == "quit" && Time > StartDate.AddDays(200))
            {
                Quit("planted: the strategy quits");
            }
            if (_fault == "idle" || IsWarmingUp || !data.Bars.ContainsKey(_symbol))
            {
                return;
            }
            if (_fast > _slow && !Portfolio.Invested)
            {
                SetHoldings(_symbol, 0.95m);
            }
            else if (_fast < _slow)
            {
                Liquidate(_symbol);
            }
        }

        public override void OnEndOfAlgorithm()
        {
            SetSummaryStatistic("Last Fast", _fast.Current.Value);
            SetRuntimeStatistic("Last Slow", _slow.Current.Value);
        }
    }
}
