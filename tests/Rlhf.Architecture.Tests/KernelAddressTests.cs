using Rlhf.Kernels;

namespace Rlhf.Architecture.Tests;

/// <summary>A kernel has the same address in every room; whichever is empty is named.</summary>
public sealed class KernelAddressTests
{
    // A kernel with a forward and a backward call has two contracts, two bodies or one that shares their loop, one reference, one test.
    private static readonly string[] Parts = ["", "Forward", "Backward"];

    /// <summary>The catalogue.</summary>
    public static IEnumerable<TestCaseData> Kernels =>
        KernelCatalogue.All.Select(kernel => new TestCaseData(kernel).SetArgDisplayNames(kernel.Family, kernel.Name));

    [TestCaseSource(nameof(Kernels))]
    public void Kernel_StandsInEveryRoom(KernelInfo kernel)
    {
        string[] methods = [.. Parts.Select(part => kernel.Name + part).Where(name => typeof(IKernels).GetMethod(name) is not null)];
        Assert.That(methods, Is.Not.Empty, $"IKernels has no method {kernel.Name}");
        string family = $"src/Rlhf.Kernels/{kernel.Family}";
        string[] bodies = Repository.Has($"{family}/{kernel.Name}Cpu.cs") ? [kernel.Name] : methods;
        string[] addresses =
        [
            .. methods.Select(method => $"{family}/{method}Args.cs"),
            .. bodies.Select(body => $"{family}/{body}Cpu.cs"),
            $"src/Rlhf.Kernels.Reference/{kernel.Family}/{kernel.Name}.cs",
            $"tests/Rlhf.Kernels.Conformance/{kernel.Family}/{kernel.Name}Tests.cs",
        ];
        Assert.That(addresses.Where(address => !Repository.Has(address)), Is.Empty, "empty addresses");
    }

    [Test]
    public void EveryMethod_IsInTheCatalogue() =>
        Assert.That(
            typeof(IKernels).GetMethods().Where(method => !method.IsSpecialName).Select(method => method.Name)
                .Where(method => !KernelCatalogue.All.Any(kernel => Parts.Any(part => kernel.Name + part == method))),
            Is.Empty);

    [Test]
    public void Names_AreUnique() => Assert.That(KernelCatalogue.All.Select(kernel => kernel.Name), Is.Unique);
}
