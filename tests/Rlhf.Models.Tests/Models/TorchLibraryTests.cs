using Rlhf.Models.Native;

namespace Rlhf.Models.Tests.Models;

[NonParallelizable]
public sealed class TorchLibraryTests
{
    [Test]
    public void Library_IsThere_AndSaysWhatItRunsOn() => Assert.Multiple(() =>
    {
        Assert.That(TorchLibrary.UnavailableReason, Is.Null);
        Assert.That(TorchLibrary.IsAvailable, Is.True);
        Assert.That(TorchLibrary.Description, Does.StartWith("libtorch ").And.Contains("BLAS"));
    });

    [Test]
    public void SetThreads_IsReported_AndRefusesNone()
    {
        try
        {
            TorchLibrary.SetThreads(3);
            Assert.That(TorchLibrary.Description, Does.Contain(", 3 threads,"));
            Assert.That(() => TorchLibrary.SetThreads(0), Throws.InstanceOf<ArgumentOutOfRangeException>());
        }
        finally
        {
            TorchLibrary.SetThreads(Environment.ProcessorCount);
        }
    }
}
