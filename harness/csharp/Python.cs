using QuantConnect.Python;

namespace Leanopt.Harness;

internal sealed class Python
{
    public Python(string lean)
    {
        var here = Environment.CurrentDirectory;
        Environment.CurrentDirectory = lean;
        PythonInitializer.Initialize();
        Environment.CurrentDirectory = here;
    }

    public void Before(string location) { PythonInitializer.ResetAlgorithmLocationPath(); }
    public void After() { }
}
