using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using Newtonsoft.Json;
using QuantConnect;
using QuantConnect.Configuration;
using QuantConnect.Data.Auxiliary;
using QuantConnect.Interfaces;
using QuantConnect.Lean.Engine.DataFeeds;
using QuantConnect.Util;

namespace Leanopt.Listing;

/// <summary>Lists the regression algorithms in LEAN's folder, one JSON object a line.</summary>
internal static class Program
{
    private const string Algorithms = "QuantConnect.Algorithm.CSharp.dll";
    private const int WrongCommand = 2;

    private static int Main(string[] words)
    {
        if (words is not [var lean, var data])
        {
            Console.Error.WriteLine("usage: Listing.dll LEAN_FOLDER DATA_FOLDER");
            return WrongCommand;
        }
        var lines = Console.Out;
        // LEAN logs to the standard output.
        Console.SetOut(Console.Error);
        AssemblyLoadContext.Default.Resolving += (context, name) =>
        {
            var file = Path.Combine(lean, $"{name.Name}.dll");
            return File.Exists(file) ? context.LoadFromAssemblyPath(file) : null;
        };
        List(Path.Combine(lean, Algorithms), data, lines);
        return 0;
    }

    // Apart, so that no type of LEAN is looked for before the resolver is there.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void List(string file, string data, TextWriter lines)
    {
        Prepare(Path.GetDirectoryName(file)!, data);
        foreach (var type in Assembly.LoadFrom(file).GetTypes().Where(IsRegression).OrderBy(type => type.Name, StringComparer.Ordinal))
        {
            lines.WriteLine(JsonConvert.SerializeObject(Line((IRegressionAlgorithmDefinition)Activator.CreateInstance(type)!)));
        }
    }

    // Constructors of algorithms make symbols, which need map files.
    private static void Prepare(string lean, string data)
    {
        Config.Set("data-folder", data);
        Config.Set("composer-dll-directory", lean);
        Globals.Reset();
        var provider = new LocalDiskMapFileProvider();
        provider.Initialize(new DefaultDataProvider());
        Composer.Instance.AddPart<IMapFileProvider>(provider);
    }

    private static bool IsRegression(Type type) =>
        !type.IsAbstract
        && typeof(IRegressionAlgorithmDefinition).IsAssignableFrom(type)
        && type.GetConstructor(Type.EmptyTypes) is not null;

    private static object Line(IRegressionAlgorithmDefinition definition) =>
        new
        {
            name = definition.GetType().Name,
            local = definition.CanRunLocally,
            languages = definition.Languages.Select(language => language.ToString()),
            status = definition.AlgorithmStatus.ToString(),
            expected = definition.ExpectedStatistics,
            config = definition.CustomConfigurations ?? [],
        };
}
