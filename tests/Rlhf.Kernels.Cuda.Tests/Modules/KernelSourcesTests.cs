using Rlhf.Kernels.Cuda.Modules;

namespace Rlhf.Kernels.Cuda.Tests.Modules;

public sealed class KernelSourcesTests
{
    [Test]
    public void Modules_AreTheFilesOfTheCheckout()
    {
        string folder = Checkout.PathOf("kernels");
        Assert.That(
            KernelSources.Modules,
            Is.EquivalentTo(Directory.EnumerateFiles(folder, "*.cu", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(folder, file).Replace('\\', '/')[..^3])));
    }

    [Test]
    public void Entries_AreUniqueOverAllModules() => Assert.That(KernelSources.Modules.SelectMany(KernelSources.Entries), Is.Unique);

    [Test]
    public void EveryModule_HasAnEntry() => Assert.That(KernelSources.Modules.Where(module => KernelSources.Entries(module).Count == 0), Is.Empty);

    [Test]
    public void Headers_IncludeThoseOfHeaders() =>
        Assert.That(KernelSources.Headers("policy/ppo_clip_loss").Select(header => header.Name), Does.Contain("reduce.cuh").And.Contain("policy/ppo_step.cuh"));
}
