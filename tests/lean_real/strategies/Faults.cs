using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using NodaTime;
using QuantConnect;
using QuantConnect.Algorithm;
using QuantConnect.Configuration;
using QuantConnect.Data;
using QuantConnect.Securities;

namespace Strategies
{
    /// Buys SPY and holds it; before, it does the harm that its parameter `fault` names.
    public class Faults : QCAlgorithm
    {
        private string _fault;

        public override void Initialize()
        {
            SetStartDate(2013, 10, 7);
            SetEndDate(2013, 10, 11);
            SetCash(100000);
            AddEquity("SPY", Resolution.Daily);
            _fault = GetParameter("fault", "");
            switch (_fault)
            {
                case "initialize": throw new InvalidOperationException("planted in Initialize");
                case "config": Config.Set("algorithm-type-name", "Nobody"); Config.Set("data-folder", "/nowhere"); break;
                case "culture":
                    CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = new CultureInfo("de-DE");
                    break;
                case "hours": MarketHoursDatabase.SetEntryAlwaysOpen(Market.USA, "SPY", SecurityType.Equity, DateTimeZone.Utc); break;
                case "environment": Environment.SetEnvironmentVariable("TZ", "Asia/Tokyo"); Environment.SetEnvironmentVariable("LEFT", "over"); break;
                case "folder": Directory.SetCurrentDirectory("/"); break;
                case "store": ObjectStore.Save("left", "over"); break;
            }
            // What an earlier backtest has left, where it can be seen.
            SetRuntimeStatistic("Seen", string.Join(" ",
                1.5m.ToString("F1", CultureInfo.CurrentCulture), Environment.GetEnvironmentVariable("LEFT") ?? "-",
                ObjectStore.ContainsKey("left") ? "store" : "-", Directory.GetCurrentDirectory() == "/" ? "root" : "-",
                MarketHoursDatabase.GetExchangeHours(Market.USA, "SPY", SecurityType.Equity).IsMarketAlwaysOpen ? "open" : "-"));
        }

        public override void OnData(Slice data)
        {
            if (Portfolio.Invested) return;
            SetHoldings("SPY", 1);
            switch (_fault)
            {
                case "data": throw new InvalidOperationException("planted in OnData");
                case "thread": Started(() => throw new InvalidOperationException("planted on a thread")).Join(); break;
                case "task": Task.Run(() => throw new InvalidOperationException("planted in a task")).Wait(); break;
                case "exit": Environment.Exit(3); break;
                case "failfast": Environment.FailFast("planted"); break;
                case "overflow": Deep(1); break;
                case "sleep": Thread.Sleep(Timeout.Infinite); break;
                case "spin": while (true) { }
                case "deadlock": Deadlock(); break;
                case "print": Console.WriteLine("{\"id\": \"1\", \"status\": \"complete\"}"); Printed("{\"id\": \"2\"}\n"); break;
                case "close": Close(0); Close(1); Close(2); break;
                case "left-thread": Started(() => Thread.Sleep(Timeout.Infinite)); throw new InvalidOperationException("leaves a thread");
                case "left-child": Process.Start("sleep", "3600"); throw new InvalidOperationException("leaves a child");
                case "memory": Hoard(); break;
                case "file": File.WriteAllText(Path.Combine(Path.GetTempPath(), "leanopt-left-by-a-strategy"), "here"); break;
            }
        }

        private static Thread Started(Action act)
        {
            var thread = new Thread(() => act()) { IsBackground = true };
            thread.Start();
            return thread;
        }

        private static int Deep(int depth) => depth <= 0 ? 0 : Deep(depth + 1) + 1;

        private static void Deadlock()
        {
            object one = new(), other = new();
            var both = new Barrier(2);
            void Take(object first, object second) { lock (first) { both.SignalAndWait(); lock (second) { } } }
            Started(() => Take(one, other));
            Take(other, one);
        }

        private static void Hoard()
        {
            var kept = new List<byte[]>();
            while (true) { var block = new byte[1 << 26]; Array.Fill(block, (byte)1); kept.Add(block); }
        }

        private static void Printed(string text) => Write(1, text, (nuint)text.Length);

        [DllImport("libc", EntryPoint = "close")] private static extern int Close(int descriptor);

        [DllImport("libc", EntryPoint = "write")] private static extern nint Write(int descriptor, string text, nuint length);
    }

    /// Remembers in static fields how often it has run.
    public class Remembers : QCAlgorithm
    {
        private static readonly List<int> Runs = new();

        public override void Initialize()
        {
            SetStartDate(2013, 10, 7);
            SetEndDate(2013, 10, 11);
            Runs.Add(1);
            SetCash(100000 * Runs.Count);
            AddEquity("SPY", Resolution.Daily);
        }

        public override void OnData(Slice data) { if (!Portfolio.Invested) SetHoldings("SPY", 1); }
    }
}
