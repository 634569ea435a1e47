using System;
using System.Globalization;
using System.Linq;
using QuantConnect;
using QuantConnect.Algorithm;
using QuantConnect.Data;
using QuantConnect.Data.UniverseSelection;

namespace Strategies
{
    /// <summary>The strategy of levels.py in C#.</summary>
    public class Levels : QCAlgorithm
    {
        private Symbol _spy, _level;
        private decimal _threshold;

        public override void Initialize()
        {
            SetStartDate(2004, 1, 1);
            SetEndDate(2004, 12, 31);
            SetCash(100000);
            var bonus = ObjectStore.ContainsKey("bonus") ? int.Parse(ObjectStore.Read("bonus"), CultureInfo.InvariantCulture) : 0;
            ObjectStore.Save("bonus", $"{bonus + 1}");
            _threshold = GetParameter("threshold", 5) + bonus;
            _spy = AddEquity("SPY", Resolution.Daily).Symbol;
            _level = AddData<Level>("LEVEL", Resolution.Daily).Symbol;
        }

        public override void OnData(Slice data)
        {
            if (!data.ContainsKey(_level))
            {
                return;
            }
            var value = data.Get<Level>(_level).Value;
            if (value > _threshold && !Portfolio.Invested)
            {
                SetHoldings(_spy, 0.9m);
            }
            else if (value <= _threshold)
            {
                Liquidate(_spy);
            }
        }
    }

    /// <summary>One of the levels of a day.</summary>
    public class Level : BaseData
    {
        public override SubscriptionDataSource GetSource(SubscriptionDataConfig config, DateTime date, bool isLiveMode) =>
            new(Globals.DataFolder + "/levels.csv", SubscriptionTransportMedium.LocalFile, FileFormat.UnfoldingCollection);

        public override BaseData Reader(SubscriptionDataConfig config, string line, DateTime date, bool isLiveMode)
        {
            var parts = line.Split(',');
            var day = DateTime.Parse(parts[0], CultureInfo.InvariantCulture);
            var levels = parts.Skip(1).Select(value => new Level
            {
                Symbol = config.Symbol,
                Time = day,
                EndTime = day.AddDays(1),
                Value = decimal.Parse(value, CultureInfo.InvariantCulture),
            });
            return new BaseDataCollection(day.AddDays(1), config.Symbol, levels);
        }

        public override BaseData Clone() => (BaseData)MemberwiseClone();
    }
}
