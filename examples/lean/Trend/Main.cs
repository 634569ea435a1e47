using QuantConnect;
using QuantConnect.Algorithm;
using QuantConnect.Data;
using QuantConnect.Indicators;

/// <summary>Hold SPY while its fast average is above its slow average; sell earlier at a stop.</summary>
public class Trend : QCAlgorithm
{
    private Symbol _spy;
    private ExponentialMovingAverage _fast, _slow;
    private decimal _enter, _leave, _stop, _peak;

    public override void Initialize()
    {
        // leanopt replaces dates and cash by those of [scenario], without a change here.
        SetStartDate(2003, 1, 1);
        SetEndDate(2007, 12, 31);
        SetCash(100000);
        _spy = AddEquity("SPY", Resolution.Daily).Symbol;

        // Each name is a parameter that leanopt can search. The second argument is its default,
        // which also says what it is: a whole number or a decimal one.
        var slow = GetParameter("slow", 50);
        _fast = EMA(_spy, GetParameter("fast", 10));
        _slow = EMA(_spy, slow);
        _enter = GetParameter("enter", 0.002m);  // buy when fast is this share above slow
        _leave = GetParameter("leave", 0.002m);  // sell when fast is this share below slow
        _stop = GetParameter("stop", 0.08m);     // sell when the price is this share below its peak

        // No orders before the averages are known.
        SetWarmUp(slow);
    }

    public override void OnData(Slice data)
    {
        if (IsWarmingUp || !data.Bars.TryGetValue(_spy, out var bar))
        {
            return;
        }
        var lead = _fast / _slow - 1;
        _peak = Portfolio[_spy].Invested ? System.Math.Max(_peak, bar.Close) : bar.Close;
        if (!Portfolio[_spy].Invested && lead > _enter)
        {
            SetHoldings(_spy, 0.95m);
        }
        else if (lead < -_leave || bar.Close < _peak * (1 - _stop))
        {
            Liquidate(_spy);
        }
    }
}
