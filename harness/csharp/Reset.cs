using Newtonsoft.Json.Linq;
using QuantConnect;
using QuantConnect.Lean.Engine.DataFeeds;
using QuantConnect.Orders;

namespace Leanopt.Harness;

/// <summary>Puts back what one backtest may change for the next.</summary>
internal sealed class Reset
{
    private string _last = "";

    public void Remember()
    {
    }

    public void Before(JObject config, Scenario scenario)
    {
        SymbolCache.Clear();
        MarketOnCloseOrder.SubmissionTimeBuffer = MarketOnCloseOrder.DefaultSubmissionTimeBuffer;
        // LEAN keeps parsed bars by file and type alone, whatever time zone or hours they were parsed for.
        var now = $"{config["algorithm-location"]} {config["algorithm-type-name"]} {scenario}";
        if (now != _last)
        {
            TextSubscriptionDataSourceReader.ClearCache();
            _last = now;
        }
    }

    public void After()
    {
    }
}
