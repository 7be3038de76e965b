using Rlhf.Kernels.Cuda.Driver;
using Rlhf.Kernels.Cuda.Modules;

namespace Rlhf.Kernels.Cuda.Tests.Modules;

/// <summary>What the compiler for real devices says of every kernel.</summary>
public sealed class CompilationTests
{
    private static readonly int[] Architectures = [70, 75, 80, 86, 89, 90];

    public static IEnumerable<TestCaseData> ModulesAndArchitectures =>
        from module in KernelSources.Modules
        from architecture in Architectures
        where architecture >= KernelSources.MinimumArchitecture(module)
        select new TestCaseData(module, architecture);

    [TestCaseSource(nameof(ModulesAndArchitectures))]
    public void Module_CompilesWithoutSpillsAndWithoutAStack(string module, int architecture)
    {
        Require(architecture);
        CompiledModule compiled = KernelCompiler.Compile(module, architecture, ImageKind.Cubin);
        Assert.That(compiled.Entries.Select(entry => entry.Name), Is.EquivalentTo(KernelSources.Entries(module)));
        Assert.That(
            compiled.Entries.Where(entry => entry.StackBytes + entry.SpillLoads + entry.SpillStores > 0 || entry.Registers == 0), Is.Empty, compiled.Log);
    }

    [TestCaseSource(typeof(KernelSources), nameof(KernelSources.Modules))]
    public void Module_CompilesToPtxOfItsOldestArchitecture(string module)
    {
        int architecture = KernelSources.MinimumArchitecture(module);
        Require(architecture);
        CompiledModule compiled = KernelCompiler.Compile(module, architecture, ImageKind.Ptx);
        Assert.That(compiled.Entries.Select(entry => entry.Name), Is.EquivalentTo(KernelSources.Entries(module)));
    }

    [Test]
    public void Compile_ForAnArchitectureThatIsTooOld_SaysSo()
    {
        Require(70);
        Assert.That(
            () => KernelCompiler.Compile("policy/ppo_clip_loss", 60, ImageKind.Cubin),
            Throws.TypeOf<CudaException>().With.Message.EqualTo("policy/ppo_clip_loss needs sm_70 or newer, asked for sm_60"));
    }

    [Test]
    public void Compile_ForAnArchitectureThatIsNotKnown_ListsThoseThatAre()
    {
        Require(70);
        Assert.That(
            () => KernelCompiler.Compile("policy/ppo_clip_loss", 71, ImageKind.Cubin),
            Throws.TypeOf<CudaException>().With.Message.Contains("does not know sm_71, it knows 70, "));
    }

    [Test]
    public void ReadLog_TakesEachEntrysResources()
    {
        const string Log = """
            ptxas info    : 0 bytes gmem
            ptxas info    : Compiling entry function 'rlhf_a_f32' for 'sm_80'
            ptxas info    : Function properties for rlhf_a_f32
                16 bytes stack frame, 8 bytes spill stores, 4 bytes spill loads
            ptxas info    : Used 60 registers, 2308 bytes smem, 520 bytes cmem[0]
            ptxas info    : Compiling entry function 'rlhf_b_f32' for 'sm_80'
            ptxas info    : Function properties for rlhf_b_f32
                0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
            ptxas info    : Used 12 registers, 400 bytes cmem[0]
            """;
        Assert.That(
            CompiledModule.ReadLog(Log),
            Is.EqualTo(new[] { new CompiledEntry("rlhf_a_f32", 60, 16, 8, 4, 2308), new CompiledEntry("rlhf_b_f32", 12, 0, 0, 0, 0) }));
    }

    private static void Require(int architecture)
    {
        if (!KernelCompiler.IsAvailable)
        {
            Assert.Ignore(KernelCompiler.UnavailableReason!);
        }

        if (!KernelCompiler.Architectures.Contains(architecture))
        {
            Assert.Ignore($"{KernelCompiler.Version} does not know sm_{architecture}");
        }
    }
}
