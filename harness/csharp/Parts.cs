using QuantConnect.Configuration;
using QuantConnect.Util;

namespace Leanopt.Harness;

/// <summary>Lets LEAN's Composer find the parts that a configuration can name.</summary>
/// <remarks>
/// The Composer loads every assembly of its folder, which takes half of a harness's start. Only LEAN's
/// own have parts: it is shown a folder of links to these, without the examples among them.
/// </remarks>
internal static class Parts
{
    private const string Examples = "QuantConnect.Algorithm.CSharp.dll";
    private const string Key = "composer-dll-directory";

    /// <summary>Make the Composer from the assemblies in `lean` and the configuration's plug-ins.</summary>
    public static void Load(string lean)
    {
        var configured = Config.Get(Key);
        var folder = Directory.CreateTempSubdirectory("leanopt-parts-");
        try
        {
            foreach (var file in Directory.EnumerateFiles(lean, "QuantConnect.*.dll").Where(file => Path.GetFileName(file) != Examples))
            {
                File.CreateSymbolicLink(Path.Combine(folder.FullName, Path.GetFileName(file)), file);
            }
            Config.Set(Key, folder.FullName);
            _ = Composer.Instance;
        }
        finally
        {
            folder.Delete(recursive: true);
            Config.Set(Key, configured);
        }
    }
}
