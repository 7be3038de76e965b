using Rlhf.Kernels.Cuda.Modules;

namespace Rlhf.Kernels.Cuda.Tests.Modules;

public sealed class ModuleImagesTests
{
    private string _folder = "";

    [OneTimeSetUp]
    public void MakeFolder()
    {
        _folder = Directory.CreateTempSubdirectory("rlhf-images").FullName;
        foreach (string name in new[]
        {
            "policy.a.sm_80.cubin", "policy.a.sm_86.cubin", "policy.a.compute_70.ptx", "policy.a.compute_75.ptx", "policy.a_b.sm_89.cubin",
        })
        {
            File.WriteAllText(Path.Combine(_folder, name), "");
        }
    }

    [OneTimeTearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [TestCase(80, null, "policy.a.sm_80.cubin")]
    [TestCase(86, null, "policy.a.sm_86.cubin")]
    [TestCase(89, null, "policy.a.sm_86.cubin", Description = "machine code runs on a higher minor version")]
    [TestCase(90, null, "policy.a.compute_75.ptx", Description = "and not on another major one")]
    [TestCase(70, null, "policy.a.compute_70.ptx")]
    [TestCase(80, ImageKind.Ptx, "policy.a.compute_75.ptx")]
    [TestCase(90, ImageKind.Cubin, null)]
    [TestCase(60, null, null)]
    public void Precompiled_FitsTheDevice(int architecture, ImageKind? kind, string? expected) =>
        Assert.That(Path.GetFileName(ModuleImages.Precompiled(_folder, "policy/a", architecture, kind)), Is.EqualTo(expected));

    [Test]
    public void Precompiled_InAFolderThatIsNotThere_IsNone() =>
        Assert.That(ModuleImages.Precompiled(Path.Combine(_folder, "none"), "policy/a", 80, null), Is.Null);
}
