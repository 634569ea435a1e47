using System.Net;
using System.Text;
using QuantConnect.Api;
using QuantConnect.Interfaces;
using QuantConnect.Lean.Engine.Server;

namespace Leanopt.Harness;

/// <summary>LEAN's downloads. Remote data without an answering server is a runtime error.</summary>
/// <remarks>
/// LEAN continues without such data, and its result does not mention it. Refusals of a server are left to LEAN: sources
/// of daily files may lack some days.
/// </remarks>
internal sealed class Downloads : Api
{
    private IAlgorithm? _algorithm;

    /// <summary>Fail this algorithm from now on.</summary>
    public void Watch(IAlgorithm algorithm) => _algorithm = algorithm;

    /// <summary>Download for the strategy's own call: LEAN raises its failures.</summary>
    public override string Download(
        string address, IEnumerable<KeyValuePair<string, string>> headers, string userName, string password) =>
        Encoding.UTF8.GetString(base.DownloadBytes(address, headers, userName, password));

    /// <summary>Download a source of data.</summary>
    public override byte[] DownloadBytes(
        string address, IEnumerable<KeyValuePair<string, string>> headers, string userName, string password)
    {
        try
        {
            return base.DownloadBytes(address, headers, userName, password);
        }
        catch (WebException error) when (!IsAnswered(error))
        {
            var why = error.GetBaseException().Message;
            if (_algorithm is { RunTimeError: null })
            {
                _algorithm.RunTimeError = new WebException($"no remote data where workers run: {address}: {why}");
            }
            throw;
        }
    }

    private static bool IsAnswered(Exception error)
    {
        for (var one = error; one is not null; one = one.InnerException!)
        {
            if (one is HttpRequestException { StatusCode: not null })
            {
                return true;
            }
        }
        return false;
    }
}

/// <summary>LEAN's manager, which gives the downloads their algorithm.</summary>
internal sealed class Manager(Downloads downloads) : LocalLeanManager
{
    public override void SetAlgorithm(IAlgorithm algorithm)
    {
        base.SetAlgorithm(algorithm);
        downloads.Watch(algorithm);
    }
}
