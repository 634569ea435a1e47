using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Leanopt.Harness;

/// <summary>Starts the harness: descriptors first, then LEAN's assemblies, then requests.</summary>
internal static class Program
{
    private const int WrongCommand = 2;
    private const int Terminated = 143;

    private static int Main(string[] words)
    {
        Arguments arguments;
        try
        {
            arguments = Arguments.Parse(words);
        }
        catch (ArgumentException error)
        {
            Console.Error.WriteLine($"{error.Message}\n{Arguments.Usage}");
            return WrongCommand;
        }
        // LEAN writes some numbers, and reads `int` parameters, as the machine's language has them.
        CultureInfo.CurrentCulture = CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
        using var channel = Channel.TakeOver();
        // Else .NET takes the client's signal for the strategy's own end.
        using var ended = PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => Native.Exit(Terminated));
        Resolver.Install(arguments.Lean, Path.GetDirectoryName(arguments.Strategy) ?? "/");
        var code = Serve(arguments, channel);
        // A strategy may have left threads that never end.
        Native.Exit(code);
        return code;
    }

    // Apart, so that no type of LEAN is looked for before the resolver is there.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Serve(Arguments arguments, Channel channel) => new Session(arguments, channel).Run();

    /// <summary>The harness's own version.</summary>
    public static string Version => Assembly.GetExecutingAssembly().GetName().Version?.ToString(3) ?? "0";
}
