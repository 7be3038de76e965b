using Rlhf.Kernels.Cuda.Evidence;

namespace Rlhf.Kernels.Cuda.Tests.Evidence;

public sealed class PtxFactsTests
{
    private const string Text = """
        .version 7.8
        .target sm_80

        .visible .entry rlhf_wide_f32(
            .param .align 8 .b8 rlhf_wide_f32_param_0[32]
        )
        .maxntid 256, 1, 1
        .minnctapersm 4
        {
            .reg .pred  %p<3>;
            .shared .align 16 .b8 scratch[128];
            ld.param.u64    %rd1, [rlhf_wide_f32_param_0];
            @%p1 bra    $L__BB0_2;
            ld.global.f32   %f1, [%rd1];
            @!%p2 ld.global.cs.v4.u32 {%r1, %r2, %r3, %r4}, [%rd1];
            ld.shared.v4.f32 {%f1, %f2, %f3, %f4}, [%r9];
            { st.global.v2.f32 [%rd2], {%f1, %f2}; }
            atom.global.inc.u32 %r7, [%rd3], %r8;
            atom.global.min.u64 %rd7, [%rd3], %rd8;
            ret;
        }

        .visible .entry rlhf_bad_f32(
            .param .u64 rlhf_bad_f32_param_0
        )
        {
            .local .align 4 .b8 __local_depot0[16];
            st.local.u32    [%rd2], %r1;
            ld.f32  %f9, [%rd4];
            red.global.add.f32  [%rd4], %f1;
            atom.add.f64    %fd2, [%rd4], %fd1;
            ret;
        }

        .visible .entry rlhf_async_bf16(
            .param .u64 rlhf_async_bf16_param_0
        )
        .maxntid 128, 1, 1
        {
            cp.async.cg.shared.global [%r1], [%rd1], 16;
            mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%f1, %f2, %f3, %f4}, {%r1, %r2, %r3, %r4}, {%r5, %r6}, {%f1, %f2, %f3, %f4};
            ret;
        }
        """;

    [TestCase("rlhf_wide_f32", 16, 8, 0, 0, 0)]
    [TestCase("rlhf_bad_f32", 4, 0, 2, 2, 0)]
    [TestCase("rlhf_async_bf16", 16, 0, 0, 0, 1)]
    public void Read_SeesEachEntryByItself(string entry, int load, int store, int atomics, int local, int products) =>
        Assert.That(PtxFacts.Read(Text)[entry], Is.EqualTo(new PtxFacts(load, store, atomics, local, products)));

    [TestCase("rlhf_wide_f32", 256)]
    [TestCase("rlhf_async_bf16", 128)]
    [TestCase("rlhf_bad_f32", null)]
    public void LaunchBound_IsTheEntrysOwn(string entry, int? expected) => Assert.That(PtxFacts.LaunchBound(Text, entry), Is.EqualTo(expected));

    [Test]
    public void Sass_IsReadByFunction()
    {
        const string Sass = """
            		Function : rlhf_wide_f32
                    /*0000*/                   MOV R1, c[0x0][0x28] ;      /* 0x00000a0000017a02 */
                    /*0010*/              @!P0 LDG.E.128.SYS R4, [R2] ;     /* 0x0 */
                    /*0020*/                   HMMA.16816.F32.BF16 R4, R8, R12, R4 ;
            		Function : rlhf_bad_f32
                    /*0000*/                   LDG.E R4, [R2.64] ;
                    /*0010*/                   STL [R1], R4 ;
                    /*0020*/                   LDL.64 R4, [R1] ;
            """;
        Assert.That(SassFacts.Read(Sass), Is.EquivalentTo(new Dictionary<string, SassFacts>
        {
            ["rlhf_wide_f32"] = new(16, 0, 1),
            ["rlhf_bad_f32"] = new(4, 2, 0),
        }));
    }
}
