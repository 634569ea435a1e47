using System.Net;
using System.Text;
using QuantConnect.Api;
using QuantConnect.Interfaces;
using QuantConnect.Lean.Engine.Server;

namespace Leanopt.Harness;

/// <summary>LEAN's downloads. A source of remote data that no server answers for is a runtime error.</summary>
/// <remarks>
/// LEAN goes on without such data, and its result says nothing. What a server refuses is left to LEAN: sources with a
/// file for each day need not have all days.
/// </remarks>
internal sealed class Downloads : Api
{
    private IAlgorithm? _algorithm;

    /// <summary>Fail this algorithm from now on.</summary>
    public void Watch(IAlgorithm algorithm) => _algorithm = algorithm;

    /// <summary>Download what the strategy asks for itself: LEAN raises there what fails.</summary>
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

/// <summary>LEAN's manager, which tells the downloads whose data they are.</summary>
internal sealed class Manager(Downloads downloads) : LocalLeanManager
{
    public override void SetAlgorithm(IAlgorithm algorithm)
    {
        base.SetAlgorithm(algorithm);
        downloads.Watch(algorithm);
    }
}
